// `import SAM2` is enough for a caller: these modules' types appear in its signatures.

@_exported public import Bytes
@_exported public import Media
@_exported public import ModelInterface
@_exported public import Runtime
@_exported public import SAM2Config
@_exported public import Tensors
