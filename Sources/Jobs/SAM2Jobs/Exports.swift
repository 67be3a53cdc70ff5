// Callers need only `import SAM2Jobs`: its signatures use types from these modules.

@_exported public import Annotations
@_exported public import Detector
@_exported public import JSON
@_exported public import JobSupport
@_exported public import SAM2
