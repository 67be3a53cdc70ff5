import Bytes
import ModelInterface
import Runtime
import Tensors

extension Program: GraphRunning {
  /// The one place where the names of operands and results meet the program.
  func entry(_ interface: GraphInterface) throws(Failure) -> GraphEntry {
    let resolved = try entry(
      interface.name.rawValue, inputs: interface.inputs.map(\.name),
      outputs: interface.outputs.map(\.name))
    return GraphEntry(interface) { (operands) throws(Failure) in try self.run(resolved, operands) }
  }
}
