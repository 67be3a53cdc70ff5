import Graph
import TestSupport
import Testing

/// `Formats/operators.md` has a section for each operator and for nothing else.
struct OperatorDocumentTests {
  private func document(file: String = #filePath) throws -> String {
    let root = file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let bytes = try #require(fileBytes(root.joined(separator: "/") + "/Formats/operators.md"))
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Text of each `### name` section.
  private func sections() throws -> [String: String] {
    var sections: [String: String] = [:]
    var current: String?
    for line in try document().split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("### ") {
        current = line.dropFirst(4).filter { $0 != "`" }
      } else if line.hasPrefix("## ") {
        current = nil
      } else if let current {
        sections[current, default: ""] += line + "\n"
      }
    }
    return sections
  }

  @Test func everyOperatorHasASection() throws {
    #expect(Set(try sections().keys) == Set(OperatorKind.allCases.map(\.rawValue)))
  }

  @Test func sectionsNameTheirOperands() throws {
    let sections = try sections()
    for sample in OperatorSample.all {
      let text = try #require(sections[sample.op.name])
      let words = Set(text.split { !$0.isLetter }.map(String.init))
      let names = sample.op.operandNames ?? []
      for name in names where !["bias", "residual"].contains(name) {
        #expect(words.contains(name), "\(sample.op.name) does not mention operand \(name)")
      }
      #expect(!text.isEmpty)
    }
  }

  @Test func everyModeIsDescribed() throws {
    let document = try document()
    let modes = ["nearest", "bilinear", "bicubic", "bilinear_antialiased"]
    #expect(modes.count == Resize.Mode.allCases.count)
    let activations = Activation.allCases.map { "\($0)" }
    for name in modes + activations { #expect(document.contains("`\(name)`"), "\(name)") }
  }
}
