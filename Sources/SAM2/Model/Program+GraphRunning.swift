import Bytes
import ModelInterface
import Runtime
import Tensors

extension Program: GraphRunning {
  /// The one place where names of operands and results meet the program's dictionaries.
  func entry(_ interface: GraphInterface) throws(Failure) -> GraphEntry {
    let graph = interface.name.rawValue
    let operandNames = interface.inputs.map(\.name)
    let resultNames = interface.outputs.map(\.name)
    return GraphEntry(interface) { (operands) throws(Failure) in
      var inputs = [String: Tensor](minimumCapacity: operands.count)
      for (name, operand) in zip(operandNames, operands) { inputs[name] = operand }
      let outputs = try self.run(graph, inputs)
      return resultNames.compactMap { outputs[$0] }
    }
  }
}
