import Bytes

/// The pictures in a folder that are the frames of a video, with notices about other files.
struct FrameListing {
  /// Paths, in order.
  let paths: [String]
  let notices: [Notice]

  /// Lists `folder`.
  ///
  /// As in the official loader, frames are JPEG files; without a JPEG sequence, PNG files, and then
  /// WebP files. A sequence has at least two files whose names differ only in a number, so a single
  /// preview is not one. If several kinds continue one sequence, all of them are frames.
  /// Failures: `file.*`, `video.no_frames`.
  init(folder: String) throws(Failure) {
    let listing = try PictureFolder.listing(folder)
    let kinds = ImageFormat.allCases.map { format in
      Kind(
        format: format,
        paths: listing.pictures.filter {
          format.pathExtensions.contains(PictureFolder.pathExtension(of: $0))
        })
    }.filter { !$0.paths.isEmpty }
    guard let first = kinds.first else {
      throw Failure(
        .badInput, code: "video.no_frames", "the folder has no JPEG, PNG or WebP files",
        hint: listing.others.isEmpty
          ? "name a folder that holds frames" : "it has \(PictureFolder.list(listing.others))",
        file: folder)
    }
    var notices: [Notice] = []
    let isJoint = kinds.count > 1 && Kind.continueOneSequence(kinds)
    let chosen = kinds.first(where: \.isSequence) ?? first
    if isJoint {
      paths = PictureFolder.sorted(kinds.flatMap(\.paths))
      let names = kinds.map { "\($0.paths.count) \($0.format.rawValue)" }.joined(separator: " and ")
      notices.append(
        Notice(
          .reinterpreted, code: "frames.mixed",
          "\(names) files continue one sequence; all of them are frames", file: folder))
    } else {
      paths = chosen.paths
      for kind in kinds where kind.format != chosen.format {
        notices.append(FrameListing.leftOut(kind, beside: chosen, in: folder))
      }
    }
    if !listing.others.isEmpty {
      notices.append(
        Notice(
          .leftOut, code: "frames.others",
          "\(FrameListing.count(listing.others.count)) left out, which are not JPEG, PNG or WebP "
            + "files by name: \(PictureFolder.list(listing.others))", file: folder))
    }
    self.notices = notices
  }

  private static func leftOut(_ kind: Kind, beside chosen: Kind, in folder: String) -> Notice {
    Notice(
      .leftOut, code: "frames.kinds",
      "JPEG, PNG or WebP files are mixed: the frames are the \(chosen.paths.count) "
        + "\(chosen.format.rawValue) file\(chosen.paths.count == 1 ? "" : "s"); "
        + "\(count(kind.paths.count)) left out: "
        + PictureFolder.list(kind.paths.map { FrameListing.name($0) }),
      hint: "put the frames into a folder of their own", file: folder)
  }

  private static func count(_ files: Int) -> String {
    files == 1 ? "1 file is" : "\(files) files are"
  }

  /// The last component of a path.
  private static func name(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  /// The files of one format.
  private struct Kind {
    let format: ImageFormat
    let paths: [String]

    /// Maps each name, with its last number removed, to those numbers.
    private var series: [String: [Int]] {
      var series: [String: [Int]] = [:]
      for path in paths {
        let name = FrameListing.name(path)
        let stem = name[..<(name.lastIndex(of: ".") ?? name.endIndex)]
        let isDigit: (Character) -> Bool = { $0.isASCII && $0.isNumber }
        guard let last = stem.lastIndex(where: isDigit) else {
          series[String(stem), default: []].append(0)
          continue
        }
        let digits = stem[...last].reversed().prefix(while: isDigit).reversed()
        let head = stem[...last].dropLast(digits.count)
        series["\(head)#\(stem[last...].dropFirst())", default: []]
          .append(Int(String(digits)) ?? 0)
      }
      return series
    }

    var isSequence: Bool { series.values.contains { Set($0).count > 1 } }

    /// Whether the files of all kinds belong to one series in which each number occurs once.
    static func continueOneSequence(_ kinds: [Kind]) -> Bool {
      let all = kinds.map(\.series)
      guard let pattern = all.first?.keys.first, all.allSatisfy({ $0.count == 1 }),
        pattern.contains("#")
      else { return false }
      let numbers = all.flatMap { $0[pattern] ?? [] }
      return numbers.count == kinds.reduce(0) { $0 + $1.paths.count }
        && Set(numbers).count == numbers.count
    }
  }
}
