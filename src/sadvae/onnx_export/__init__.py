"""From a recogniser to ONNX graphs and a folder that needs no torch (sadvae/portable reads it)."""
