package dev.glimpse.explain;

import org.bytedeco.opencv.global.opencv_imgproc;

/** How a picture or a map gets its new size. */
public enum Scaling {
    /** Keeps the cells visible as squares. */
    NEAREST(opencv_imgproc.INTER_NEAREST),
    /** Never leaves the range of the values; the same as PyTorch's bilinear without aligned corners. */
    LINEAR(opencv_imgproc.INTER_LINEAR),
    /** The smoothest; overshoots a little at edges. */
    CUBIC(opencv_imgproc.INTER_CUBIC),
    /** The mean over what becomes one pixel: for making smaller. */
    AREA(opencv_imgproc.INTER_AREA);

    final int flag;

    Scaling(int flag) {
        this.flag = flag;
    }
}
