package dev.glimpse.data;

/** A rectangle of pixels. */
record Area(int left, int top, int width, int height) {
    /** The largest central square. */
    static Area centreSquare(int width, int height) {
        int side = Math.min(width, height);
        return new Area((width - side) / 2, (height - side) / 2, side, side);
    }

    int bottom() {
        return top + height;
    }

    /** The same part of a picture at a fraction of its size, at least a pixel of what there is. */
    Area shrunk(int by, int widthLeft, int heightLeft) {
        int newLeft = Math.min(Math.round((float) left / by), widthLeft - 1);
        int newTop = Math.min(Math.round((float) top / by), heightLeft - 1);
        return new Area(newLeft, newTop, Math.clamp(Math.round((float) width / by), 1, widthLeft - newLeft),
                Math.clamp(Math.round((float) height / by), 1, heightLeft - newTop));
    }
}
