namespace Ahoy.Images.Layers;

internal enum LayerEntryType
{
    File,
    Directory,
    Symlink,
    HardLink,
    /// <summary>Removes the path of the layers below.</summary>
    Whiteout,
    /// <summary>Hides what the layers below have in this directory.</summary>
    Opaque,
}
