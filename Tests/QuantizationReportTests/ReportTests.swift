import Bytes
import Comparison
import Graph
import JSON
import TestSupport
import Testing

@testable import QuantizationReport

/// The page and the data of a real report.
struct ReportTests {
  private static let sections = [
    "sizes", "pictures", "clips", "worst", "tensors", "sensitivity", "passes", "provenance",
    "timings",
  ]

  /// `html` without its section of timings.
  private func withoutTimings(_ html: String) throws -> String {
    let start = try #require(html.firstRange(of: "<section id=\"timings\""))
    let end = try #require(html[start.lowerBound...].firstRange(of: "</section>"))
    return String(html[..<start.lowerBound]) + html[end.upperBound...]
  }

  @Test func thePageNeedsNothingElse() throws {
    let report = try QuantizationReport(Sample.content.get())
    let page = PageReader(report.html)
    #expect(page.problem == nil, "\(page.problem ?? "")")
    #expect(Self.sections.allSatisfy { page.identifiers.contains($0) })
    #expect(Set(page.identifiers).count == page.identifiers.count)
    for reference in page.references {
      let isInside =
        reference.hasPrefix("#") && page.identifiers.contains(String(reference.dropFirst()))
      #expect(isInside || reference.hasPrefix("data:image/jpeg;base64,"), "\(reference.prefix(60))")
    }
    #expect(page.references.contains { $0.hasPrefix("data:image/jpeg;base64,/9j/") })
    for word in ["http:", "https:", "url(", "@import", "//"] {
      let pictures = report.html.pieces("\"data:image").map { $0.drop { $0 != "\"" } }
      #expect(!pictures.joined().contains(word), "\(word)")
    }
    #expect(report.html.contains("default-src &#39;none&#39;"))
    #expect(report.html.contains("prefers-color-scheme: dark"))
  }

  @Test func pageAndDataAgree() throws {
    let report = try QuantizationReport(Sample.content.get())
    let keys = try #require(report.json.object).map(\.key)
    #expect(keys == ["format", "version", "verdict"] + Self.sections)
    let pictures = try report.json.required("pictures")
    let mean = try pictures.requiredDouble("mean_iou")
    #expect(report.html.contains("<dd>\(Figure.iou(mean))</dd>"))
    #expect(try pictures.requiredInt("masks") == 12)
    let clip = try #require(report.json.required("clips").requiredArray("clips").first)
    #expect(try clip.requiredInt("frames") == 6)
    let first = try #require(clip.requiredArray("objects").first)
    #expect(try first.requiredArray("free_iou").count == 6)
    #expect(try first.requiredArray("forced_iou").count == 6)
    let tensors = try #require(report.json["tensors"]?.array)
    #expect(report.html.pieces("<tr data-kind=").count == tensors.count + 1)
    let worst = try #require(report.json["worst"]?.array)
    #expect(report.html.pieces("<img ").count == 3 * worst.count + 1)
    let sizes = try report.json.required("sizes")
    let parts = try sizes.requiredArray("parts").map {
      try $0.required("bytes").requiredInt("after")
    }
    let all =
      try sizes.required("weight_bytes").requiredInt("after")
      + sizes.required("other_bytes").requiredInt("after")
    #expect(parts.reduce(0, +) == (try sizes.required("weight_bytes").requiredInt("after")))
    #expect(all == (try sizes.required("file_bytes").requiredInt("after")))
    #expect(try report.json.required("verdict").requiredArray("gaps").count == 3)
    #expect(try JSONValue(parsing: report.json.text(.pretty)) == report.json)
  }

  @Test func equalRunsDifferInTimesOnly() throws {
    let content = try Sample.content.get()
    var again = content
    again.comparison = try .init(
      reference: content.before, candidate: content.after,
      pictures: Array(PictureTask.samples.prefix(2)), clips: [.sample(frameLimit: 6)])
    let (first, second) = try (QuantizationReport(content), QuantizationReport(again))
    let isSamePage = try withoutTimings(first.html) == withoutTimings(second.html)
    #expect(isSamePage)
    for section in ["format", "verdict"] + Self.sections where section != "timings" {
      #expect(first.json[section] == second.json[section], "\(section)")
    }
  }

  @Test func hostileNamesStayText() throws {
    let names = MarkupTests.hostile
    var content = try Sample.content.get()
    (content.after, content.log, content.decisions) = try Sample.hostile(names: names)
    content.before = content.after
    content.command = ["sam2-quantize"] + names
    content.input = .init(name: names[0], byteCount: 1, sha256: names[1])
    content.output = .init(name: names[1], byteCount: 1, sha256: names[2])
    content.recipe = .array(names.map { .string($0) })
    let plain = PageReader(try QuantizationReport(Sample.content.get()).html)
    let report = try QuantizationReport(content)
    let page = PageReader(report.html)
    #expect(page.problem == nil, "\(page.problem ?? "")")
    #expect(page.tags.isSubset(of: plain.tags.union(["ul", "li"])), "\(page.tags)")
    #expect(page.attributes.isSubset(of: plain.attributes), "\(page.attributes)")
    #expect(!report.html.contains("<script>alert") && !report.html.contains("\u{202E}"))
    #expect(report.html.pieces("<script>").count == 2)
    // Programs get the names as they are.
    let found = try #require(report.json["tensors"]?.array).map { try $0.requiredString("name") }
    #expect(Set(names).isSubset(of: found))
  }

  @Test func filesWithoutMasksOrMemoryAreDescribed() throws {
    var content = try Sample.content.get()
    content.after.graphs.removeAll { $0.name == "attend_memory" }
    content.recipe = nil
    content.decisions = []
    content.log = []
    let report = try QuantizationReport(content)
    #expect(PageReader(report.html).problem == nil)
    #expect(report.html.contains("cannot track"))
    #expect(report.html.contains("Nothing was rounded."))
    content.after.graphs.removeAll { $0.name == "decode_masks" }
    #expect(try QuantizationReport(content).html.contains("image encoder only"))
  }
}
