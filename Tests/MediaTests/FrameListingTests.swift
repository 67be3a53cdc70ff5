import Bytes
import TestSupport
import Testing

@testable import Media

@Suite("Folders of frames with other files in them")
struct FrameListingTests {
  static let folders: [(files: [String], frames: [String], codes: [String])] = [
    (["0.png", "1.png", "2.png", "preview.jpg"], ["0.png", "1.png", "2.png"], ["frames.kinds"]),
    (["0.jpg", "1.jpg", "mask.png"], ["0.jpg", "1.jpg"], ["frames.kinds"]),
    (["0.jpg", "1.jpg", "0.png", "1.png"], ["0.jpg", "1.jpg"], ["frames.kinds"]),
    (["0.jpg", "1.jpg", "2.png"], ["0.jpg", "1.jpg", "2.png"], ["frames.mixed"]),
    (["f_2.png", "f_10.png", "cover.jpg", "back.jpg"], ["f_2.png", "f_10.png"], ["frames.kinds"]),
    (["a.jpg"], ["a.jpg"], []),
    (["a.jpg", "b.png"], ["a.jpg"], ["frames.kinds"]),
    (["a.jpg", "clip.mp4", "notes.txt"], ["a.jpg"], ["frames.others"]),
    (
      ["0.png", "1.png", "x.jpg", "y.tif"], ["0.png", "1.png"], ["frames.kinds", "frames.others"]
    ),
    (["0.webp", "1.webp", "p.jpg"], ["0.webp", "1.webp"], ["frames.kinds"]),
    (["1.JPG", "2.jpeg", ".hidden.png", "Thumbs.db"], ["1.JPG", "2.jpeg"], []),
    (["a1b.png", "a2b.png", "c7.jpg"], ["a1b.png", "a2b.png"], ["frames.kinds"]),
  ]

  @Test("The sequence is taken, and files outside it are reported", arguments: folders.indices)
  func listing(_ index: Int) throws {
    let (files, frames, codes) = Self.folders[index]
    try withTemporaryFolder { folder in
      for name in files { try PictureFile.write([1], to: "\(folder)/\(name)") }
      let found = try FrameListing(folder: folder)
      #expect(found.paths == frames.map { "\(folder)/\($0)" })
      #expect(found.notices.map(\.code) == codes)
      // Files that are left out are named.
      let messages = found.notices.map(\.message).joined()
      let leftOut = Set(files).subtracting(frames + [".hidden.png", "Thumbs.db"])
      for name in leftOut.sorted().prefix(2) { #expect(messages.contains(name), "\(messages)") }
    }
  }

  @Test("The error for a folder without pictures names its contents")
  func nothing() throws {
    try withTemporaryFolder { folder in
      try PictureFile.write([1], to: "\(folder)/scan.tiff")
      let failure = #expect(throws: Failure.self) { try FrameListing(folder: folder) }
      #expect(failure?.code == "video.no_frames" && failure?.hint?.contains("scan.tiff") == true)
    }
  }
}
