extension ModelConfiguration {
  /// Tokens of earlier masks that memory attention reads alongside the memories.
  public struct ObjectPointers: Sendable, Equatable {
    public var useObjPtrsInEncoder = true
    public var maxObjPtrsInEncoder = 16
    public var addTposEncToObjPtrs = true
    public var projTposEncInObjPtrs = true
    public var useSignedTposEncToObjPtrs = true
    public var onlyObjPtrsInThePastForEval = true
    public var useMlpForObjPtrProj = true
    public var fixedNoObjPtr = true
    public var softNoObjPtr = false
  }
}
