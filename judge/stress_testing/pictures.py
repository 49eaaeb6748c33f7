"""Pictures of a stress test: copies of the originals, and changed ones, in one folder."""

import shutil
from pathlib import Path

from judge.files.writing import make_folder, whole_file
from judge.records import Image

_GRAY = (127, 127, 127)
_LONGEST_STEM, _HASH_DIGITS = 60, 12


class StagedPictures:
    """Folder with every picture that is sent; its files are named by their source and content.

    Parameters
    ----------
    folder : Path
        Where pictures are written; created when the first one is.
    root : Path
        Folder that the paths of the items start from.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        self._root = root

    def staged(self, image: Image) -> Image:
        """Copy the file of a picture into the folder; a URL stays as it is."""
        if image.path is None:
            return image
        source = self._root / image.path
        name = f"{source.stem[:_LONGEST_STEM]}-{(image.sha256 or '')[:_HASH_DIGITS]}{source.suffix.lower()}"
        if not (self.folder / name).exists():
            with whole_file(make_folder(self.folder) / name) as draft:
                shutil.copyfile(source, draft)
        return image.model_copy(update={"path": name})

    def blank(self, image: Image) -> Image:
        """Make a uniformly gray picture of the size of another (of 512 x 512 pixels for a URL)."""
        import PIL.Image

        size = (512, 512)
        if image.path is not None:
            with PIL.Image.open(self.folder / image.path) as picture:
                size = picture.size
        name = f"blank_{size[0]}x{size[1]}.png"
        if not (self.folder / name).exists():
            with whole_file(make_folder(self.folder) / name) as draft:
                PIL.Image.new("RGB", size, _GRAY).save(draft, "PNG")
        return Image(path=name, role=image.role)
