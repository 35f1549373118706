/* The task of a job: its layers, and its rows.  What cannot be done ends the run by `require`. */
static int items, *labels;
static float *test_rows, *rows, rate;

static void require(int holds, const char *reason);

/* Read what the work is, and refuse what this worker cannot do. */
static void read_task(const char *job)
{
    require(is(job, "data.kind", "\"synthetic\"") && !find(job, "task.inputs.1") &&
            !find(job, "task.inputs.0.shape.1"), "this worker makes random rows alone");
    require(is(job, "task.loss.reduction", "\"mean\""), "this worker knows the mean alone");
    require(is(job, "task.output_activation", "\"softmax\""), "this worker ends in a softmax");
    require(is(job, "task.optimizer.kind", "\"sgd\"") &&
            !number(job, "task.optimizer.parameters.momentum") &&
            !number(job, "task.optimizer.parameters.decay"), "this worker knows plain SGD");
    rate = number(job, "task.optimizer.parameters.learning_rate");
    batch = number(job, "task.batch_size"), items = number(job, "data.synthetic_items");
}

/* Build the layers of the task, each activation as a part of the dense layer before it. */
static void build(const char *job)
{
    char path[64];
    const char *one;
    for (int at = 0; ; at++) {
        snprintf(path, sizeof path, "task.layers.%d", at);
        if (!(one = find(job, path))) return;
        if (is(one, "kind", "\"dense\"")) {
            require(is(one, "parameters.bias", "true"), "this worker's layers have biases");
            require(is(one, "weights.0.initializer", "\"glorot_uniform\""),
                    "this worker starts with glorot_uniform");
            add_layer(number(one, "input_shapes.0.0"), number(one, "output_shape.0"));
        } else {
            require(last && is(one, "parameters.function", "\"relu\""), "this worker knows ReLU");
            last->relu = 1;
        }
    }
}

/* Make the rows: once in their own order, filled up to whole batches, and once shuffled. */
static void make_data(uint32_t seed)
{
    int width = layers->in, whole = (items + batch - 1) / batch * batch, order[items];
    int *classes = calloc(items, sizeof(int));
    test_rows = calloc(whole * width, sizeof(float));
    rows = calloc(items * width, sizeof(float)), labels = calloc(items, sizeof(int));
    seed_by_number(seed);
    for (int i = 0; i < items * width; i++) test_rows[i] = draw_share();
    for (int i = 0; i < items; i++) classes[i] = draw_at_most(last->out - 1), order[i] = i;
    memcpy(test_rows + items * width, test_rows, (whole - items) * width * sizeof(float));
    seed_by_number(seed);
    for (int i = items - 1; i > 0; i--) {
        int other = draw_at_most(i), kept = order[i];
        order[i] = order[other], order[other] = kept;
    }
    for (int i = 0; i < items; i++) {
        memcpy(rows + i * width, test_rows + order[i] * width, width * sizeof(float));
        labels[i] = classes[order[i]];
    }
}
