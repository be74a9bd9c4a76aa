package dev.glimpse.app;

import dev.glimpse.attention.Args;
import dev.glimpse.data.Dataset;
import dev.glimpse.data.Deformation;
import dev.glimpse.data.Legend;
import dev.glimpse.train.Regularisation;
import dev.glimpse.train.TaskConfig;
import picocli.CommandLine.Option;

/** What a network is trained for, as it is typed. */
final class TaskOptions {
    /** What can be typed. */
    enum Kind {
        /** A class an image, or several where the data says so. */
        CLASSIFICATION,
        /** A class for each pixel. */
        SEGMENTATION
    }

    @Option(names = "--task", defaultValue = "classification",
            description = "classification: images with a class each, or with several where a table or archives say so; "
                    + "segmentation: images/ and masks/ instead.")
    private Kind kind;

    private static final String USUAL = "usual";

    @Option(names = "--loss", paramLabel = "NAME[:KEY=VALUE,...][+...]",
            description = "Of a segmentation, or of several classes an image: ce, bce, focal, dice, jaccard, tversky and "
                    + "sums of them, as in 0.5*focal:gamma=2+dice (default: ce+dice; bce of several classes).")
    private String loss;

    @Option(names = "--resize", defaultValue = "0", paramLabel = "PIXELS",
            description = "Of a segmentation: scale images and masks to this shorter side; 0 for their own.")
    private int shorterSide;

    @Option(names = "--deform", defaultValue = USUAL, paramLabel = "NAME[:KEY=VALUE,...]",
            description = "Of a segmentation: how random parts are changed: usual, part (not at all) or microscope, with "
                    + "least, most (scales), mirror, turn, elastic, jitter to change, as in usual:turn=true,elastic=10.")
    private String deformation;

    boolean segmentation() {
        return kind == Kind.SEGMENTATION;
    }

    int shorterSide() {
        return shorterSide;
    }

    TaskConfig classification(Dataset data) {
        if (shorterSide != 0 || !deformation.equals(USUAL)) {
            throw new IllegalArgumentException((shorterSide != 0 ? "--resize" : "--deform")
                    + " is for segmentations; images with classes have --size, --crop, --scale and --aa");
        }
        TaskConfig.Kind told = data.multiLabel() ? TaskConfig.Kind.MULTI_LABEL : TaskConfig.Kind.CLASSIFICATION;
        TaskConfig task = new TaskConfig(told, loss, null);
        task.task(data.classes().size(), Regularisation.NONE); // so that a slip is told at once
        return task;
    }

    TaskConfig segmentation(Legend legend) {
        TaskConfig task = new TaskConfig(TaskConfig.Kind.SEGMENTATION, loss,
                new TaskConfig.Masks(legend, shorterSide, deformation()));
        task.task(legend.classes().size(), Regularisation.NONE); // so that a slip is told at once
        return task;
    }

    private Deformation deformation() {
        Args args = Args.parse(deformation);
        Deformation base = switch (args.owner()) {
            case USUAL -> Deformation.USUAL;
            case "part" -> Deformation.PART;
            case "microscope" -> Deformation.MICROSCOPE;
            default -> throw new IllegalArgumentException(
                    "--deform is '" + args.owner() + "'; known: usual, part, microscope");
        };
        Deformation changed = new Deformation(args.number("least", base.leastScale()),
                args.number("most", base.mostScale()), args.flag("mirror", base.mirror()),
                args.flag("turn", base.turn()), args.number("elastic", base.elastic()),
                args.number("jitter", base.jitter()));
        args.requireAllRead();
        return changed;
    }
}
