// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "examples/c/mlp.h"

#include <math.h>
#include <string.h>

int mlp_inputs(int layer) { return layer == 0 ? kInputs : kHidden; }

int mlp_outputs(int layer) { return layer == kLayers - 1 ? kOutputs : kHidden; }

void mlp_forward(mlp_activations* a, int layer, const float* weight,
                 const float* bias, int batch) {
  const int in = mlp_inputs(layer), out = mlp_outputs(layer);
  for (int n = 0; n < batch; ++n) {
    const float* x = a->values[layer] + n * in;
    for (int o = 0; o < out; ++o) {
      float sum = bias[o];
      for (int i = 0; i < in; ++i) sum += weight[o * in + i] * x[i];
      a->values[layer + 1][n * out + o] =
          layer == kLayers - 1 ? sum : tanhf(sum);
    }
  }
}

double mlp_loss(const mlp_activations* a, const float* targets, int batch,
                float* grad) {
  const int size = batch * kOutputs;
  double loss = 0;
  for (int i = 0; i < size; ++i) {
    const float error = a->values[kLayers][i] - targets[i];
    loss += (double)error * error / size;
    grad[i] = 2 * error / (float)size;
  }
  return loss;
}

void mlp_backward(const mlp_activations* a, int layer, const float* weight,
                  int batch, float* grad, float* grad_weight,
                  float* grad_bias) {
  const int in = mlp_inputs(layer), out = mlp_outputs(layer);
  float below[kMaxBatch * kHidden];
  memset(below, 0, sizeof below);
  memset(grad_weight, 0, sizeof(float) * (size_t)(in * out));
  memset(grad_bias, 0, sizeof(float) * (size_t)out);
  for (int n = 0; n < batch; ++n) {
    for (int o = 0; o < out; ++o) {
      const float y = a->values[layer + 1][n * out + o];
      const float slope = layer == kLayers - 1 ? 1 : 1 - y * y;
      const float g = grad[n * out + o] * slope;
      grad_bias[o] += g;
      for (int i = 0; i < in; ++i) {
        grad_weight[o * in + i] += g * a->values[layer][n * in + i];
        if (weight != NULL) below[n * in + i] += g * weight[o * in + i];
      }
    }
  }
  memcpy(grad, below, sizeof(float) * (size_t)(batch * in));
}

float mlp_next(mlp_random* random) {
  random->state =
      random->state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (float)(random->state >> 40) / (float)(1 << 23) - 1;
}
