// `import SAM2Jobs` is enough for a caller: these rooms' types are in its signatures.

@_exported public import Annotations
@_exported public import Detector
@_exported public import JSON
@_exported public import JobSupport
@_exported public import SAM2
