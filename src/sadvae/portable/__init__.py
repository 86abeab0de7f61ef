"""A recogniser of ONNX graphs: NumPy, onnxruntime and tokenizers are all that it imports."""
