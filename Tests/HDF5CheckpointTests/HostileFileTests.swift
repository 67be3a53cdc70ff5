import Bytes
import HDF5Checkpoint
import TestSupport
import Testing

/// Every file of `Fixtures/bad` and the error it must meet.
///
/// `Scripts/make_hdf5_fixtures.py` makes the files.
@Suite struct HostileFileTests {
  static let filesByCode: [String: [String]] = [
    "h5.superblock": [
      "superblock-version", "superblock-signature", "superblock-offsets", "not-hdf5", "cut-8",
      "cut-60", "cut-half", "cut-1", "superblock-end", "user-block", "marked-open", "marked-swmr",
    ],
    "h5.trailing_data": ["trailing", "trailing-file"],
    "h5.link_refused": [
      "link-soft", "link-dangling", "link-soft-loop", "link-external", "link-external-self",
      "link-user",
    ],
    "h5.external_storage": ["external-storage"],
    "h5.virtual": ["virtual", "virtual-same-file"],
    "h5.expansion": [
      "bomb-declared", "bomb-declared-chunked", "bomb-elements", "bomb-never-written", "bomb-sum",
      "address-none",
    ],
    "h5.layout": ["rank-9", "rank-32", "null-space", "chunk-huge", "size-differs"],
    "h5.filter": [
      "filter-lzf", "filter-scaleoffset", "filter-nbit", "filter-twice", "filter-307",
      "filter-4", "filter-32001", "filter-32004", "filter-32015", "filter-65535",
    ],
    "h5.chunk": [
      "chunk-missing", "checksum", "inflate-more", "inflate-less", "inflate-garbage",
      "checksum-short",
    ],
    "h5.address": ["address-beyond", "address-superblock", "address-overlap"],
    "h5.cycle": ["cycle"],
    "h5.depth": ["depth"],
    "h5.name": [
      "name-long", "name-control", "name-newline", "name-utf8", "name-dot", "name-dots",
      "name-slash", "name-empty", "name-reserved",
    ],
    "h5.name_collision": ["name-collision"],
    "h5.no_tensors": ["no-tensors"],
    "h5.attribute": [
      "layer-empty", "layer-control", "layer-long", "layer-huge", "layer-number", "layer-list",
      "layer-utf8",
    ],
    "h5.object_header": ["chunk-zero"],
    "h5.datatype": [
      "type-compound", "type-string", "type-text", "type-opaque", "type-bool-enum",
      "type-opaque-unnamed", "type-opaque-4", "type-opaque-float16", "type-opaque-list",
      "type-opaque-long",
      "type-complex", "type-array", "type-reference", "type-u32", "type-f128",
      "type-float-fields", "type-integer-bits", "type-committed", "type-u16", "type-u16-float16",
      "type-attribute-array", "type-enum", "type-list",
    ],
  ]

  private static let cases = filesByCode.flatMap { code, files in files.map { ($0, code) } }
    .sorted { $0.0 < $1.0 }
  /// Seconds that a refusal may take, with room for a busy machine.
  private static let timeBudget = Duration.seconds(2)

  @Test(arguments: cases) func isRefusedByName(file: String, code: String) throws {
    let start = ContinuousClock.now
    #expect(throws: failure(code), "\(file)") {
      let checkpoint = try HDF5Checkpoint(path: fixturePath("bad/\(file).h5"))
      try checkpoint.verify()
    }
    #expect(ContinuousClock.now - start < HostileFileTests.timeBudget, "\(file)")
  }

  @Test func everyFileIsInTheTable() {
    let listed = HostileFileTests.filesByCode.values.flatMap { $0 }.map { $0 + ".h5" }
    #expect(listed.sorted() == folderNames(fixturePath("bad")))
  }

  @Test func messagesHoldNoControlCharacters() throws {
    for file in ["name-control", "name-newline", "name-utf8"] {
      let caught = #expect(throws: Failure.self) {
        try HDF5Checkpoint(path: fixturePath("bad/\(file).h5"))
      }
      let text = try #require(caught).description
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, "\(text)")
    }
  }
}
