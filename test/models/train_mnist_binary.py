#!/usr/bin/env python3
"""Trains mnist_binary.onnx: weights and activations of its inner layers are signs (XNOR-Net, arXiv 1603.05279).

  train_mnist_binary.py train.npz -o mnist_binary.onnx [--epochs N]

train.npz has pictures `input` (bytes, N x 1 x 28 x 28) and `labels`. Needs PyTorch; a minute on two cores. The first and
the last layer keep real weights; each inner convolution reads Sign(batch norm) and has one magnitude for each output
channel. Its padding adds zeros.
"""
import argparse

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

MEAN, STD = 0.1307, 0.3081


class Sign(torch.autograd.Function):
    """The derivative is that of a clamp to [-1, 1]; 0 counts as plus, as in the integer network."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x < 0, -1.0, 1.0)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * (x.abs() <= 1)


class BinaryConv(nn.Conv2d):
    def binary(self):
        magnitude = self.weight.abs().mean(dim=(1, 2, 3), keepdim=True)
        return Sign.apply(self.weight) * magnitude.detach()

    def forward(self, x):
        x = Sign.apply(x) if self.training else torch.sign(x)
        return F.conv2d(x, self.binary(), None, self.stride, self.padding)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32),
            BinaryConv(32, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64),
            BinaryConv(64, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64),
            BinaryConv(64, 96, 3, padding=1, bias=False), nn.BatchNorm2d(96),
            BinaryConv(96, 96, 1, bias=False), nn.BatchNorm2d(96), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, 10))

    def forward(self, x):
        return self.layers(x)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--epochs", type=int, default=25)
    options = parser.parse_args()
    torch.manual_seed(1)
    data = np.load(options.train)
    pictures = torch.tensor((data["input"].reshape(-1, 1, 28, 28) / 255.0 - MEAN) / STD, dtype=torch.float32)
    labels = torch.tensor(data["labels"].astype(np.int64))
    network = Network()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    steps = options.epochs * (len(pictures) // 100)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for epoch in range(options.epochs):
        network.train()
        for batch in torch.randperm(len(pictures)).split(100)[:len(pictures) // 100]:
            loss = F.cross_entropy(network(pictures[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)
    network.eval()
    for layer in network.modules():  # Constants of the exported network.
        if isinstance(layer, BinaryConv):
            layer.weight.data = layer.binary().detach()
            layer.binary = lambda layer=layer: layer.weight
    torch.onnx.export(network, pictures[:1], options.output, input_names=["input"], output_names=["output"],
                      opset_version=13, dynamo=False)


if __name__ == "__main__":
    main()
