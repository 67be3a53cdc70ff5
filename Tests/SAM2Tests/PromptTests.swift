import Bytes
import Tensors
import Testing

@testable import SAM2

@Suite struct PromptTests {
  private func code(_ prompt: Prompt) -> String? {
    do {
      try prompt.validate(imageSize: 256)
      return nil
    } catch {
      return error.code
    }
  }

  @Test func acceptsPromptsInThePictureAndBesideIt() {
    let mask = Tensor([Float](repeating: 0, count: 64 * 64), shape: [1, 64, 64])
    #expect(code(Prompt(points: [.init(x: 0, y: 149.5), .init(x: 199, y: 0, label: 0)])) == nil)
    #expect(code(Prompt(box: .init(x0: 0, y0: 0, x1: 200, y1: 150))) == nil)
    #expect(code(Prompt(maskLogits: mask)) == nil)
    #expect(code(Prompt(points: [.init(x: 200, y: 10), .init(x: 10, y: -1)])) == nil)
    #expect(code(Prompt(box: .init(x0: -50, y0: 10, x1: 201, y1: 30))) == nil)
  }

  @Test func refusesWhatMakesNoSense() {
    #expect(code(Prompt()) == "prompt.empty")
    let many = [Prompt.Point](repeating: .init(x: 1, y: 1), count: Prompt.pointLimit + 1)
    #expect(code(Prompt(points: many)) == "prompt.too_many_points")
    #expect(code(Prompt(points: many.dropLast())) == nil)
    for wild in [Float.nan, .infinity, 1e30] {
      #expect(code(Prompt(points: [.init(x: wild, y: 1)])) == "prompt.coordinate")
      #expect(code(Prompt(box: .init(x0: 0, y0: -wild, x1: 9, y1: 9))) == "prompt.coordinate")
    }
    #expect(code(Prompt(points: [.init(x: 10, y: 1, label: 4)])) == "prompt.label")
    #expect(code(Prompt(box: .init(x0: 50, y0: 10, x1: 20, y1: 30))) == "prompt.box_order")
    #expect(code(Prompt(maskLogits: Tensor([1] as [Float], shape: [1]))) == "prompt.mask_shape")
    let infinite = Tensor([Float](repeating: .infinity, count: 64 * 64), shape: [64, 64])
    #expect(code(Prompt(maskLogits: infinite)) == "prompt.mask_values")
  }

  @Test func whatIsBesideThePictureIsNoticed() {
    func notices(_ points: [Prompt.Point], _ box: Prompt.Box? = nil) -> [Notice] {
      Prompt.notices(points: points, box: box, width: 200, height: 150)
    }
    let inside = Prompt.Box(x0: 0, y0: 0, x1: 200, y1: 150)
    #expect(notices([.init(x: 0, y: 149.5), .init(x: 199.9, y: 0)], inside).isEmpty)
    let outside: [Prompt.Point] = [
      .init(x: 200, y: 1), .init(x: 1, y: 150), .init(x: -0.5, y: 1), .init(x: 1, y: -3),
    ]
    #expect(notices(outside).map(\.code) == Array(repeating: "prompt.outside", count: 4))
    for box in [Prompt.Box(x0: -2, y0: 45, x1: 50, y1: 97), .init(x0: 300, y0: 0, x1: 310, y1: 9)] {
      let found = notices([], box)
      #expect(found.count == 1 && found[0].message.contains("200x150"))
      #expect(!found[0].isIncomplete)
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
