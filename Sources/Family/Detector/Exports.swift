// `import Detector` is enough for a caller: its signatures use these modules' types.

@_exported public import Bytes
@_exported public import DetectorConfig
@_exported public import Media
@_exported public import Runtime
@_exported public import Tensors
