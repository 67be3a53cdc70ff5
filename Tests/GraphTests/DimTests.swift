import Testing

@testable import Graph

struct DimTests {
  private let a = Dim(Symbol("a"))
  private let b = Dim(Symbol("b"))

  @Test func termsAreCollectedAndSorted() {
    let dim = b * 2 + a + 3 + b * -1
    #expect(dim.constant == 3)
    #expect(dim.terms.map(\.symbol.name) == ["a", "b"])
    #expect(dim.terms.map(\.coefficient) == [1, 1])
    #expect(dim == a + b + 3)
  }

  @Test func termsThatCancelDisappear() {
    let dim = a * 4 + 6 + a * -4
    #expect(dim == 6)
    #expect(dim.fixed == 6)
    #expect(a * 0 == 0)
  }

  @Test func valueNeedsEverySymbol() {
    let dim = a * 4 + b + 6
    #expect(dim.fixed == nil)
    #expect(dim.value([Symbol("a"): 2, Symbol("b"): 1]) == 15)
    #expect(dim.value([Symbol("a"): 2]) == nil)
  }

  @Test func valueRefusesWhatExceeds64Bits() {
    #expect((a * (1 << 40)).value([Symbol("a"): 1 << 40]) == nil)
    #expect((a + Dim(constant: .max)).value([Symbol("a"): 1]) == nil)
  }

  @Test func printing() {
    #expect(Dim(constant: 0).description == "0")
    #expect((a * 4 + 6).description == "4*a+6")
    #expect((b + a).description == "a+b")
  }

  @Test func productsAreEqualWhenFactorsCanBeRegrouped() {
    #expect([a, 4, 6].hasSameProduct(as: [24, a]))
    #expect([a * 4, 6].hasSameProduct(as: [a, 24]))
    #expect([a * 4 + 8, b].hasSameProduct(as: [b * 2, a * 2 + 4]))
    #expect([a, a].hasSameProduct(as: [a, a]))
    #expect(([] as [Dim]).hasSameProduct(as: [1, 1]))
  }

  @Test func productsThatDifferAreDetected() {
    #expect(![a, 4].hasSameProduct(as: [a, 5]))
    #expect(![a, 4].hasSameProduct(as: [b, 4]))
    #expect(![a].hasSameProduct(as: [a, a]))
    #expect(![a + 1].hasSameProduct(as: [a + 2]))
  }

  @Test func productsBeyond64BitsAreNotEqual() {
    let huge: [Dim] = [Dim(constant: 1 << 40), Dim(constant: 1 << 40)]
    #expect(!huge.hasSameProduct(as: huge))
  }
}
