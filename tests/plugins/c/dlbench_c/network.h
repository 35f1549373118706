/* The work: dense layers, some with a ReLU, trained by SGD on the mean cross-entropy of a softmax. */
#include <math.h>

struct layer { int in, out, relu; float *kernel, *bias, *values, *gradient; };

static struct layer layers[64], *last;
static int batch;

static void add_layer(int in, int out)
{
    last = last ? last + 1 : layers;
    *last = (struct layer){
        in, out, 0, calloc(in * out, sizeof(float)), calloc(out, sizeof(float)),
        calloc(batch * out, sizeof(float)), calloc(batch * out, sizeof(float))};
}

/* Draw the kernel of a layer: uniform within the bound of Glorot and Bengio. */
static void draw_kernel(const struct layer *one, float *kernel, uint32_t seed)
{
    double bound = sqrt(6.0 / (one->in + one->out));
    seed_by_pair(seed, 2 * (one - layers));
    for (int i = 0; i < one->in * one->out; i++) kernel[i] = -bound + 2 * bound * draw_share();
}

/* Leave the probabilities in the last layer's values; rows are batch x inputs. */
static void predict(const float *rows)
{
    for (struct layer *one = layers; one <= last; rows = one++->values)
        for (int n = 0; n < batch; n++) {
            float *made = one->values + n * one->out;
            memcpy(made, one->bias, one->out * sizeof(float));
            for (int i = 0; i < one->in; i++)
                for (int j = 0; j < one->out; j++)
                    made[j] += rows[n * one->in + i] * one->kernel[i * one->out + j];
            for (int j = 0; j < one->out; j++) if (one->relu && made[j] < 0) made[j] = 0;
        }
    for (float *made = last->values; made < last->values + batch * last->out; made += last->out) {
        float most = made[0], sum = 0;
        for (int j = 1; j < last->out; j++) most = fmaxf(most, made[j]);
        for (int j = 0; j < last->out; j++) sum += made[j] = expf(made[j] - most);
        for (int j = 0; j < last->out; j++) made[j] /= sum;
    }
}

static void update(struct layer *one, const float *rows, float rate)
{
    for (int n = 0; n < batch; n++) {
        const float *slope = one->gradient + n * one->out;
        for (int i = 0; i < one->in; i++)
            for (int j = 0; j < one->out; j++)
                one->kernel[i * one->out + j] -= rate * rows[n * one->in + i] * slope[j];
        for (int j = 0; j < one->out; j++) one->bias[j] -= rate * slope[j];
    }
}

static void find_gradient_below(const struct layer *one)
{
    struct layer *below = (struct layer *)one - 1;
    for (int n = 0; n < batch; n++)
        for (int i = 0; i < one->in; i++) {
            float sum = 0;
            for (int j = 0; j < one->out; j++)
                sum += one->gradient[n * one->out + j] * one->kernel[i * one->out + j];
            int on = !below->relu || below->values[n * one->in + i] > 0;
            below->gradient[n * one->in + i] = on ? sum : 0;
        }
}

/* Train on one batch; return its loss before the update. */
static double train(const float *rows, const int *labels, float rate)
{
    double loss = 0;
    predict(rows);
    for (int n = 0; n < batch; n++) {
        loss -= log(last->values[n * last->out + labels[n]]) / batch;
        for (int j = 0; j < last->out; j++)
            last->gradient[n * last->out + j] =
                (last->values[n * last->out + j] - (j == labels[n])) / batch;
    }
    for (struct layer *one = last; one >= layers; one--) {
        if (one > layers) find_gradient_below(one);
        update(one, one > layers ? one[-1].values : rows, rate);
    }
    return loss;
}
