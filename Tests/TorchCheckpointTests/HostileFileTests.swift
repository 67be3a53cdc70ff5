import Bytes
import TestSupport
import Testing
import TorchCheckpoint

/// Every file of `Fixtures/bad` and the error it must meet.
///
/// `Scripts/make_torch_fixtures.py` makes the files.
@Suite struct HostileFileTests {
  static let filesByCode: [String: [String]] = [
    // Container.
    "pt.not_zip": ["pt-bare-pickle"],
    "pt.legacy": ["pt-legacy"],
    "pt.tar_refused": ["pt-tar"],
    "zip.no_eocd": [
      "zip-cut-in-data", "zip-cut-in-directory", "zip-cut-in-end", "zip-one-byte-short",
      "zip-only-header",
    ],
    "zip.trailing_data": ["zip-trailing"],
    "zip.prepended_data": ["zip-prepended", "zip-directory-shifted"],
    "zip.ambiguous_eocd": ["zip-two-ends"],
    "zip.cd_bounds": ["zip-directory-outside", "zip-size-beyond", "zip64-offset-wraps"],
    "zip.count": ["zip-count-high", "zip-count-low"],
    "zip.too_many_entries": ["zip-count-huge"],
    "zip.multidisk": ["zip-multidisk"],
    "zip.zip64": [
      "zip64-no-locator", "zip64-locator-wild", "zip64-locator-huge", "zip64-size-huge",
      "zip64-extra-missing", "zip64-extra-short", "zip64-extra-twice", "zip-extra-cut",
    ],
    "zip.name_mismatch": ["zip-name-differs"],
    "zip.size_mismatch": [
      "zip-size-differs", "zip-crc-differs", "zip-stored-two-sizes", "zip-descriptor-differs",
    ],
    "zip.header_mismatch": ["zip-method-differs", "zip-flags-differ"],
    "zip.gap": ["zip-gap", "zip-hidden-before-directory", "zip-descriptor-missing"],
    "zip.local_header": ["zip-no-local-header"],
    "zip.unsupported_flag": [
      "zip-flag-encrypted", "zip-flag-patched", "zip-flag-strong", "zip-flag-masked",
    ],
    "zip.crc": ["zip-crc", "zip-crc-pickle", "zip-crc-unrelated"],
    "zip.overlap": ["zip-overlap", "zip-overlap-inside"],
    "zip.method": [
      "zip-method-1", "zip-method-12", "zip-method-14", "zip-method-93", "zip-method-99",
    ],
    "zip.duplicate_name": ["zip-duplicate", "zip-duplicate-case", "zip-duplicate-form"],
    "zip.bad_name": [
      "zip-name-parent", "zip-name-absolute", "zip-name-backslash", "zip-name-drive",
      "zip-name-newline", "zip-name-escape", "zip-name-nul", "zip-name-empty-part",
      "zip-name-long", "zip-name-utf8", "zip-name-none",
    ],
    "zip.entry_type": ["zip-symlink", "zip-device", "zip-folder-with-data"],
    "zip.ratio": ["zip-ratio", "zip-ratio-sum"],
    "zip.inflate_size": [
      "zip-inflate-more", "zip-inflate-less", "zip-inflate-tail", "zip-inflate-cut",
    ],
    "zip.inflate": ["zip-inflate-damaged"],

    // Archive.
    "pt.no_data_pkl": [
      "pt-no-pickle", "pt-no-folder", "pt-package", "pt-exported", "pt-served",
    ],
    "pt.two_roots": ["pt-two-roots"],
    "pt.torchscript": ["pt-torchscript", "pt-torchscript-code"],
    "pt.byteorder": ["pt-big-endian", "pt-byteorder-garbage", "pt-byteorder-long"],
    "pt.version": [
      "pt-version-missing", "pt-version-zero", "pt-version-huge", "pt-version-word",
      "pt-version-wraps",
    ],

    // Pickle.
    "pickle.global": [
      "pickle-os-system", "pickle-eval", "pickle-extra-namespace", "pt-whole-module",
      "pickle-global-load", "pickle-global-hub", "pickle-global-counter", "pickle-global-wrapper",
      "pickle-global-dotted", "pickle-global-space", "pickle-global-nul",
      "pickle-global-homoglyph", "pickle-global-python2", "pickle-global-long",
      "pickle-global-empty", "pickle-control-name",
    ],
    "pickle.proto": [
      "pickle-protocol5", "pickle-protocol4", "pickle-protocol3", "pickle-protocol255",
      "pickle-protocol0", "pickle-proto-twice", "pickle-proto-middle",
    ],
    "pickle.opcode": [
      "93", "69", "6f", "82", "84", "30", "31", "32", "50", "8b", "96", "97", "95", "94", "8c",
      "8d", "43", "81", "8f", "49", "ff",
    ].map { "pickle-opcode-" + $0 },
    "pickle.no_stop": ["pickle-no-stop"],
    "pickle.trailing": ["pickle-trailing", "pickle-second"],
    "pickle.type": [
      "pickle-append-to-dict", "pickle-appends-to-tuple", "pickle-setitem-on-list",
      "pickle-build-on-dict", "pickle-build-on-tensor", "pickle-build-not-dict",
      "pickle-call-number", "pickle-call-storage", "pickle-call-odd-arguments",
    ],
    "pickle.setitems": ["pickle-setitems-odd"],
    "pickle.key_type": ["pickle-list-key"],
    "pickle.duplicate_key": ["pickle-duplicate-key"],
    "pickle.stack": [
      "append", "tuple2", "tuple", "reduce", "binput", "persid", "setitem", "setitems",
      "below-mark", "build", "open-mark", "nothing", "two",
    ].map { "pickle-stack-" + $0 },
    "pickle.memo": ["pickle-memo-undefined", "pickle-memo-undefined-long"],
    "pickle.truncated": [
      "pickle-empty", "pickle-string-cut", "pickle-bytestring-cut", "pickle-global-cut",
      "pickle-int-cut", "pickle-long-cut",
    ],
    "pickle.utf8": ["pickle-utf8", "pickle-surrogate", "pickle-bytestring-latin1"],
    "pickle.integer": ["pickle-long-integer"],
    "pickle.budget": ["pickle-stack-bomb"],
    "pickle.depth": ["pickle-deep-tuple", "pickle-deep-marks", "pickle-deep-list"],
    "pickle.cycle": ["pickle-cycle-list", "pickle-cycle-dict"],

    // Tensors.
    "pt.persistent_id": [
      "pt-storage-missing", "tensor-key-slash", "tensor-key-empty", "tensor-key-nul",
      "tensor-key-long", "tensor-key-unknown", "tensor-persid-int", "tensor-persid-short",
      "tensor-persid-module", "tensor-persid-negative",
    ],
    "pt.storage_conflict": ["tensor-storage-conflict"],
    "tensor.storage_size": [
      "tensor-storage-short", "tensor-storage-long", "tensor-storage-huge",
    ],
    "tensor.shape": [
      "tensor-shape-negative", "tensor-shape-overflow", "tensor-shape-max", "tensor-shape-float",
      "tensor-shape-bool", "tensor-shape-list", "tensor-shape-text",
    ],
    "tensor.rank": ["tensor-rank"],
    "tensor.bounds": [
      "tensor-stride-negative", "tensor-stride-count", "tensor-stride-overflow",
      "tensor-offset-outside", "tensor-offset-negative", "tensor-offset-huge",
      "tensor-stride-outside",
    ],
    "tensor.expand": ["tensor-stride-bomb", "tensor-stride-zero"],
    "tensor.overlap": ["tensor-overlap"],
    "tensor.dtype": [
      "tensor-dtype-ComplexFloatStorage", "tensor-dtype-QInt8Storage", "tensor-dtype-float8",
      "tensor-dtype-sparse", "tensor-dtype-meta",
    ],

    // Layout.
    "pt.layout": [
      "layout-list", "layout-tensor", "layout-empty", "layout-empty-root", "layout-no-tensors",
      "layout-memo-far",
    ],
    "pt.name": [
      "layout-name-empty", "layout-name-control", "layout-name-nul", "layout-name-long",
    ],
    "pt.name_collision": ["layout-collision"],
    "model.expansion": ["layout-expansion"],
  ]

  /// The time that a refusal may take, with room for a busy machine.
  private static let timeBudget = Duration.seconds(2)

  /// Opening succeeds only where the damage is in data that opening does not read.
  private func failure(of file: String) throws -> Failure? {
    let storage = try MappedFile.open(fixturePath("bad/\(file).pt"))
    do throws(Failure) {
      let checkpoint = try TorchCheckpoint(storage: storage)
      try checkpoint.verify()
      return nil
    } catch { return error }
  }

  @Test(arguments: filesByCode.sorted { $0.key < $1.key })
  func meetsItsError(code: String, files: [String]) throws {
    for file in files {
      let start = ContinuousClock.now
      let failure = try failure(of: file)
      #expect(ContinuousClock.now - start < HostileFileTests.timeBudget, "\(file)")
      #expect(failure?.code == code, "\(file): \(failure?.description ?? "accepted")")
      #expect(failure?.kind == .badInput)
      let text = failure?.description ?? ""
      #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
      #expect(text.utf8.count < 500)
    }
  }

  @Test func theTableCoversTheFolder() {
    let listed = HostileFileTests.filesByCode.values.joined().map { $0 + ".pt" }.sorted()
    #expect(listed == folderNames(fixturePath("bad")))
  }

  @Test func errorsNameTheCulprit() throws {
    let system = try failure(of: "pickle-os-system")
    #expect(system?.message.contains("posix.system") == true)
    #expect(system?.message.contains("nothing was executed") == true)
    #expect(system?.place == "data.pkl byte 17")
    #expect(try failure(of: "pickle-control-name")?.message.contains("\\u{1b}[2J\\u{d}.x") == true)
    #expect(try failure(of: "zip-crc")?.place == "entry t/data/0")
    #expect(try failure(of: "pickle-opcode-93")?.message.contains("0x93") == true)
  }

  @Test func damagedWeightsFailWhenTheyAreRead() throws {
    let storage = try MappedFile.open(fixturePath("bad/zip-crc.pt"))
    let checkpoint = try TorchCheckpoint(storage: storage)
    #expect(checkpoint.names == ["model.w"])
    for _ in 0..<2 {
      #expect(throws: Failure(.badInput, code: "zip.crc", "")) { try checkpoint.tensor("model.w") }
    }
  }
}
