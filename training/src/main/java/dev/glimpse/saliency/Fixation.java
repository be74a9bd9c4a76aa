package dev.glimpse.saliency;

/**
 * One place that attention goes to.
 *
 * @param x of its centre, in pixels of the picture
 * @param y of its centre
 * @param milliseconds of the model's time, from the picture's appearance
 * @param saliency of the place on the map, before anything was inhibited
 */
public record Fixation(double x, double y, int milliseconds, double saliency) {}
