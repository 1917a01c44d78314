"""Exports torchvision networks with random weights: make_large_models.py DIR."""
import os
import sys

import torchvision_cpu  # noqa: F401  (must precede torchvision)
import torch
import torchvision.models

IMAGE = (1, 3, 224, 224)


def realistic_batch_norm(model):
    """Batch-norm statistics of noise: without them activations vanish or explode."""
    model.train()
    with torch.no_grad():
        for _ in range(4):
            model(torch.randn(4, *IMAGE[1:]))
    return model.eval()


torch.manual_seed(0)
for name in ("resnet18", "resnet50", "mobilenet_v2"):
    path = os.path.join(sys.argv[1], name + ".onnx")
    if os.path.exists(path):
        continue
    model = realistic_batch_norm(getattr(torchvision.models, name)())
    with torch.no_grad():
        torch.onnx.export(model, torch.randn(*IMAGE), path, opset_version=17, input_names=["input"],
                          output_names=["output"], dynamo=False)
    print(path)
