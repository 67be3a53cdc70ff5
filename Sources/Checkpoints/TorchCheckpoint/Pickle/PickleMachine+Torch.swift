import Bytes

// The few calls that torch's pickles describe, answered with inert nodes.

extension PickleMachine {
  /// REDUCE: "call `function` with `arguments`".
  mutating func reduce(
    _ function: PickleHandle, arguments: PickleHandle
  ) throws(Failure) -> PickleHandle {
    guard case .tuple(let operands) = graph[arguments] else {
      throw failure("pickle.type", "the pickle calls with \(graph[arguments].kindName)")
    }
    let global: PickleGlobal
    switch graph[function] {
    case .global(let known): global = known
    // A call of the result of a call.
    case .foreign: global = .foreign
    case let other: throw failure("pickle.type", "the pickle calls \(other.kindName)")
    }
    // A value built from a foreign object is foreign too, for example a tensor of an unknown type.
    if let first = operands.first, case .foreign = graph[first] { return try graph.add(.foreign) }
    switch global {
    case .orderedDictionary:
      guard operands.isEmpty else { throw argumentFailure("OrderedDict") }
      return try graph.add(try newDictionary(isOrdered: true))
    case .rebuildTensor:
      return try tensorNode(operands)
    case .rebuildParameter:
      // (tensor, requires_grad, hooks): the tensor is all that matters.
      guard operands.count == 3, case .tensor = graph[operands[0]] else {
        throw argumentFailure("_rebuild_parameter")
      }
      return operands[0]
    case .size:
      guard operands.count == 1, case .tuple = graph[operands[0]] else {
        throw argumentFailure("torch.Size")
      }
      return operands[0]
    case .storage:
      throw failure("pickle.type", "the pickle calls a storage class")
    case .foreign:
      return try graph.add(.foreign)
    }
  }

  /// BUILD: "give `target` this state".
  ///
  /// A state dictionary carries its `_metadata` that way; it holds version numbers of modules and
  /// is dropped.
  func build(on target: PickleHandle, state: PickleHandle) throws(Failure) {
    if case .foreign = graph[target] { return }
    guard let object = graph.dictionary(target), object.isOrderedDictionary,
      graph.dictionary(state) != nil
    else {
      throw failure("pickle.type", "the pickle sets the state of \(graph[target].kindName)")
    }
  }

  /// NEWOBJ: "make an object of this class from these arguments".
  ///
  /// Torch's own checkpoints have none.
  mutating func newObject(
    _ type: PickleHandle, arguments: PickleHandle
  ) throws(Failure) -> PickleHandle {
    guard case .global(.foreign) = graph[type], case .tuple = graph[arguments] else {
      throw failure("pickle.type", "the pickle makes an object of \(graph[type].kindName)")
    }
    return try graph.add(.foreign)
  }

  /// BINPERSID: ("storage", storage class, key, location, element count).
  mutating func storageNode(identifier: PickleHandle) throws(Failure) -> PickleNode {
    if case .tuple(let fields) = graph[identifier], fields.count == 5,
      case .global(.foreign) = graph[fields[1]]
    {
      return .foreign
    }
    guard case .tuple(let fields) = graph[identifier], fields.count == 5,
      case .string("storage") = graph[fields[0]],
      case .global(.storage(let dtype)) = graph[fields[1]],
      case .string(let key) = graph[fields[2]], TorchStorageRecord.isPlainKey(key),
      case .string = graph[fields[3]],
      case .integer(let count) = graph[fields[4]], let elementCount = Int(exactly: count),
      elementCount >= 0
    else {
      throw failure("pt.persistent_id", "the checkpoint refers to a storage in an unknown way")
    }
    let record = TorchStorageRecord(key: key, dtype: dtype, elementCount: elementCount)
    if let known = storageIndexByKey[key] {
      guard graph.storages[known] == record else {
        throw failure("pt.storage_conflict", "the storage \(key) is described in two ways")
      }
      return .storage(known)
    }
    graph.storages.append(record)
    storageIndexByKey[key] = graph.storages.count - 1
    return .storage(graph.storages.count - 1)
  }

  /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`.
  private mutating func tensorNode(_ operands: [PickleHandle]) throws(Failure) -> PickleHandle {
    guard operands.count == 6 || operands.count == 7,
      case .storage(let storage) = graph[operands[0]],
      case .integer(let offset) = graph[operands[1]]
    else { throw argumentFailure("_rebuild_tensor_v2") }
    let record = try TorchTensorRecord(
      storageIndex: storage, storage: graph.storages[storage], offset: offset,
      sizes: try integers(operands[2]), strides: try integers(operands[3]))
    graph.tensors.append(record)
    return try graph.add(.tensor(graph.tensors.count - 1))
  }

  private func integers(_ handle: PickleHandle) throws(Failure) -> [Int64] {
    var values: [Int64] = []
    guard case .tuple(let elements) = graph[handle] else {
      throw failure("tensor.shape", "a tensor's shape is \(graph[handle].kindName)")
    }
    for element in elements {
      guard case .integer(let value) = graph[element] else {
        throw failure("tensor.shape", "a tensor's shape holds \(graph[element].kindName)")
      }
      values.append(value)
    }
    return values
  }

  private func argumentFailure(_ name: String) -> Failure {
    failure("pickle.type", "the pickle calls \(name) with unknown arguments")
  }
}
