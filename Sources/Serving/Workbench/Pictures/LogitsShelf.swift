import Bytes
import SAM2
import Synchronization
import Tensors

/// The logits of recent answers, which are fed back to the model for a further click.
///
/// They stay here, and clients hold only a name: as numbers they would be a hundred times the size
/// of the mask.
final class LogitsShelf: Sendable {
  private struct State: Sendable {
    var planes: [String: (session: String, masks: Tensor)] = [:]
    /// The oldest first.
    var order: [String] = []
    var byteCount = 0
  }

  private let state = Guarded(State())
  private let budget: Int

  init(budget: Int) { self.budget = budget }

  /// Keeps `masks` [masks, S/4, S/4] for the picture `session`.
  /// - Returns: their name.
  func keep(_ masks: Tensor, of session: String) -> String {
    let name = Identifier.new()
    state.withLock { state in
      state.planes[name] = (session, masks)
      state.order.append(name)
      state.byteCount += masks.byteCount
      while state.byteCount > budget, state.order.count > 1 {
        let oldest = state.order.removeFirst()
        state.byteCount -= state.planes.removeValue(forKey: oldest)?.masks.byteCount ?? 0
      }
    }
    return name
  }

  /// The mask `previous` of an earlier answer, as a mask prompt.
  /// - Throws: `serve.logits` if the answer is no longer kept, belongs to another picture, or has
  ///   no such mask.
  func prompt(_ previous: PreviousAnswer, of session: String) throws(Failure) -> Tensor {
    let found = state.withLock { state in state.planes[previous.logits] }
    guard let (owner, masks) = found, owner == session,
      (0..<masks.shape[0]).contains(previous.mask)
    else {
      throw Failure(
        .badInput, code: "serve.logits", "the earlier answer is not kept any longer",
        hint: "leave \"previous\" out, or answer the prompts before again")
    }
    let (limit, plane): (Float, Tensor) = (32, masks[previous.mask])
    return Tensor(plane.floats().map { min(max($0, -limit), limit) }, shape: plane.shape)
  }
}
