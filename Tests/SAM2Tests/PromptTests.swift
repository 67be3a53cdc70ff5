import Bytes
import Tensors
import Testing

@testable import SAM2

@Suite struct PromptTests {
  private func code(_ prompt: Prompt) -> String? {
    do {
      try prompt.validate(width: 200, height: 150, imageSize: 256)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func acceptsWhatLiesInThePicture() {
    let mask = Tensor([Float](repeating: 0, count: 64 * 64), shape: [1, 64, 64])
    #expect(code(Prompt(points: [.init(x: 0, y: 149.5), .init(x: 199, y: 0, label: 0)])) == nil)
    #expect(code(Prompt(box: .init(x0: 0, y0: 0, x1: 200, y1: 150))) == nil)
    #expect(code(Prompt(maskLogits: mask)) == nil)
  }

  @Test func refusesWhatMakesNoSense() {
    #expect(code(Prompt()) == "prompt.empty")
    #expect(code(Prompt(points: [.init(x: 200, y: 10)])) == "prompt.point_outside")
    #expect(code(Prompt(points: [.init(x: 10, y: -1)])) == "prompt.point_outside")
    let many = [Prompt.Point](repeating: .init(x: 1, y: 1), count: Prompt.pointLimit + 1)
    #expect(code(Prompt(points: many)) == "prompt.too_many_points")
    #expect(code(Prompt(points: many.dropLast())) == nil)
    #expect(code(Prompt(points: [.init(x: .nan, y: 1)])) == "prompt.point_outside")
    #expect(code(Prompt(points: [.init(x: 10, y: 1, label: 4)])) == "prompt.label")
    #expect(code(Prompt(box: .init(x0: 50, y0: 10, x1: 20, y1: 30))) == "prompt.box_order")
    #expect(code(Prompt(box: .init(x0: 50, y0: 10, x1: 201, y1: 30))) == "prompt.box_outside")
    #expect(code(Prompt(maskLogits: Tensor([1] as [Float], shape: [1]))) == "prompt.mask_shape")
    let infinite = Tensor([Float](repeating: .infinity, count: 64 * 64), shape: [64, 64])
    #expect(code(Prompt(maskLogits: infinite)) == "prompt.mask_values")
  }

  @Test func failureNamesThePointAndThePicture() throws {
    let prompt = Prompt(points: [.init(x: 1, y: 1), .init(x: 5000, y: 10)])
    do {
      try prompt.validate(width: 200, height: 150, imageSize: 256)
      Issue.record("a point outside the picture was accepted")
    } catch {
      #expect(error.kind == .usage)
      #expect(error.message.contains("5000") && error.message.contains("200x150"))
      #expect(error.place == "point 1")
    }
  }

  /// A box comes first, as two points; coordinates are divided by the picture's size, then
  /// multiplied by the model's, each rounded to single precision.
  @Test func scalesToModelPixels() {
    let points = ModelPoint.scaled(
      points: [.init(x: 64, y: 63, label: 0)], box: .init(x0: 114, y0: 43, x1: 178, y1: 110),
      width: 200, height: 150, imageSize: 1024)
    #expect(points.map(\.label) == [2, 3, 0])
    let expected: [Float] = [
      114 / 200 * 1024, 43 / 150 * 1024, 178 / 200 * 1024, 110 / 150 * 1024, 64 / 200 * 1024,
      63 / 150 * 1024,
    ]
    #expect(points.flatMap { [$0.x, $0.y] } == expected)
  }
}
