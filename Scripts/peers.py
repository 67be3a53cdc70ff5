"""Models of the peers: the official image encoder in the formats of ONNX Runtime and OpenVINO.

They are timed by `bench_peers.py` and compared by `compare_int8.py`. Each function writes one file. Needs
Scripts/requirements.txt and Scripts/requirements-peers.txt.
"""

import torch

# Names of the encoder's outputs: [1, C/8, S/4, S/4], [1, C/4, S/8, S/8], [1, C, S/16, S/16].
ENCODER_OUTPUTS = ["high0", "high1", "features"]


class Encoder(torch.nn.Module):
    """The official encoder with the decoder's high-resolution projections, as ours."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, image):
        features = self.model.forward_image(image)["backbone_fpn"]
        return features[0], features[1], features[2]


def export_onnx(module, inputs, outputs, target):
    """`module` as ONNX; `inputs` are its operands by name, `outputs` the names of its results."""
    torch.onnx.export(module, tuple(inputs.values()), str(target), input_names=list(inputs),
                      output_names=outputs, opset_version=17, dynamo=False)


def quantize_onnx_dynamic(source, target):
    """The recipe of ONNX Runtime that needs no data."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, weight_type=QuantType.QInt8,
                     op_types_to_quantize=["MatMul", "Gemm"])


def quantize_onnx_static(source, target, images):
    """The recipe of ONNX Runtime that calibrates, with NumPy `images` [1, 3, S, S]."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(images)

        def get_next(self):
            image = next(self.rest, None)
            return None if image is None else {"image": image}

    simplified = target.with_name(target.stem + "-simplified.onnx")
    quant_pre_process(str(source), str(simplified), skip_symbolic_shape=True)
    quantize_static(str(simplified), str(target), Reader(), quant_format=QuantFormat.QDQ,
                    per_channel=True)
    simplified.unlink()


def save_openvino(source, target):
    """An ONNX file as OpenVINO's, in float32."""
    import openvino

    openvino.save_model(openvino.convert_model(source), target, compress_to_fp16=False)


def quantize_openvino(source, target, images):
    """NNCF's recipe for transformers, calibrated with NumPy `images` [1, 3, S, S]."""
    import nncf
    import openvino

    quantised = nncf.quantize(openvino.Core().read_model(source), nncf.Dataset(images),
                              model_type=nncf.ModelType.TRANSFORMER, subset_size=len(images))
    openvino.save_model(quantised, target, compress_to_fp16=False)
