import Bytes
import CLISupport
import Media
import SAM2
import SAM2Jobs
import Workbench

extension TrackCommand {
  /// The overlay that --show creates without --overlay: beside the output folder, which is reserved
  /// for results.
  var shownOverlay: String {
    let folder = output ?? ""
    return (folder.hasSuffix("/") ? String(folder.dropLast()) : folder) + "-overlay.mp4"
  }

  /// Shows the overlay in a viewer, or the video in a page.
  func show(
    _ job: TrackJob, on place: ShowPlace?, _ loaded: SegmentationModel
  ) throws {
    switch place {
    case nil: return
    case .viewer(let viewer):
      if let file = job.outputs.overlayFiles.first { try viewer.open(file) }
    case .page:
      let page = ResultPage(
        model: loaded, source: model, json: json,
        maximumPixels: frames.pictures.maximumPixels)
      try page.show(ShownVideo(path: video, script: job.script, pictures: job.pictures))
    }
  }
}
