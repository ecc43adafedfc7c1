// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// A perceptron of three layers with its gradients, written out: the part of the
// example that knows nothing of fts. Row-major float matrices; a layer's weight
// is [outputs, inputs].

#ifndef EXAMPLES_C_MLP_H_
#define EXAMPLES_C_MLP_H_

#include <stddef.h>

enum { kLayers = 3, kInputs = 8, kHidden = 16, kOutputs = 2, kMaxBatch = 64 };

// Sizes of layer i.
int mlp_inputs(int layer);
int mlp_outputs(int layer);

// What a forward keeps for its backward.
typedef struct mlp_activations {
  float values[kLayers + 1][kMaxBatch * kHidden];  // [0]: the inputs
} mlp_activations;

// values[layer + 1] from values[layer]; tanh after all layers but the last.
void mlp_forward(mlp_activations* a, int layer, const float* weight,
                 const float* bias, int batch);
// Mean squared error over batch and outputs; gradient of it in `grad`.
double mlp_loss(const mlp_activations* a, const float* targets, int batch,
                float* grad);
// From the gradient of a layer's output those of its weight and bias, and of
// its input; that goes over `grad`. weight may be NULL when the last is not
// wanted.
void mlp_backward(const mlp_activations* a, int layer, const float* weight,
                  int batch, float* grad, float* grad_weight, float* grad_bias);

// Numbers in [-1, 1), the same everywhere.
typedef struct mlp_random {
  unsigned long long state;
} mlp_random;
float mlp_next(mlp_random* random);

#endif  // EXAMPLES_C_MLP_H_
