package dev.glimpse.kernel;

import dev.glimpse.nn.Tensors;
import java.lang.foreign.ValueLayout;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * As many numbers for each image, in native memory: float32, or int32 for indices.
 *
 * @param tensor holds the memory; {@code null} where it is never freed
 * @param each how many an image has; 0 where all images have the same
 */
record Numbers(Tensor tensor, long address, int each) {
    private static final Constants ONES = new Constants(1);
    private static final Constants ZEROS = new Constants(0);

    /** So many ones, the same for all images. */
    static Numbers ones(int count) {
        return ONES.numbers(count);
    }

    /** So many zeros, the same for all images. */
    static Numbers zeros(int count) {
        return ZEROS.numbers(count);
    }

    /** Not set yet. */
    static Numbers floats(int images, int each) {
        return of(Tensors.empty(ScalarType.Float, images, each), each);
    }

    /** Not set yet. */
    static Numbers ints(int images, int each) {
        return of(Tensors.empty(ScalarType.Int, images, each), each);
    }

    /** A tensor's numbers, whatever its type: its own memory where that is float32 in order, else a copy. */
    static Numbers of(Tensor tensor) {
        boolean asItIs = tensor.scalar_type().intern() == ScalarType.Float && tensor.is_contiguous();
        Tensor plain = asItIs ? tensor : tensor.detach().to(ScalarType.Float).contiguous();
        return of(plain, (int) (plain.numel() / Math.max(1, plain.size(0))));
    }

    private static Numbers of(Tensor tensor, int each) {
        return new Numbers(tensor, tensor.data_ptr().address(), each);
    }

    static Numbers filled(int images, int each, float value) {
        Numbers numbers = floats(images, each);
        Rows.fill(numbers.address, images * each, value);
        return numbers;
    }

    /** Those from an image on: of the tensor only its memory is theirs. */
    Numbers from(int image) {
        return new Numbers(tensor, at(image), each);
    }

    /** Those of each image from its {@code index}th on, likewise. */
    Numbers after(int index) {
        return new Numbers(tensor, address + (long) index * Float.BYTES, each);
    }

    long at(int image) {
        return address + (long) image * each * Float.BYTES;
    }

    long at(int image, int index) {
        return at(image) + (long) index * Float.BYTES;
    }

    float get(int image, int index) {
        return Vectors.getFloat(at(image, index));
    }

    /** Multiplies all by one number. */
    void scale(float factor) {
        Rows.scale(address, Math.toIntExact(tensor.numel()), factor);
    }

    /** All times one number, in memory of their own. */
    Numbers scaled(float factor) {
        Numbers copy = of(tensor.clone(), each);
        copy.scale(factor);
        return copy;
    }

    float[] toArray() {
        return Tensors.memory(tensor).toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Adds other numbers, each to the one in its place. */
    void add(Numbers more) {
        tensor.add_(more.tensor);
    }

    /** Each times the one of {@code factors} that stands at its place: {@code this_i * factors_(places_i)}. */
    Numbers timesPicked(Numbers factors, Numbers places) {
        int images = (int) tensor.size(0);
        Numbers products = floats(images, each);
        Team.forEach(images, image -> timesPicked(factors, places, image, products));
        return products;
    }

    /** The same for an image, as many as {@code products} has. */
    void timesPicked(Numbers factors, Numbers places, int image, Numbers products) {
        for (int i = 0; i < products.each; i++) {
            float factor = factors.get(image, Vectors.getInt(places.at(image, i)));
            Vectors.setFloat(products.at(image, i), get(image, i) * factor);
        }
    }

    /** The sums over images. */
    Numbers overImages() {
        return of(tensor.sum(new long[]{0}, true, new ScalarTypeOptional()), each);
    }
}
