using System.IO.Compression;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;

namespace Ahoy.Images.Bases;

/// <summary>
/// Takes an image from an OCI layout (a directory, or a tar of it) or a "docker save" archive, and checks all of it.
/// Members of an archive are stored by their content, never under the names that the archive gives them.
/// </summary>
public static class ImageImport
{
    /// <summary>An image has two or three members per layer.</summary>
    private const int MaxMembers = 10_000;

    /// <summary>Writes the image as an OCI layout into <paramref name="output"/>, an empty or missing directory.</summary>
    /// <param name="source">A directory or file; the file may be compressed with gzip.</param>
    /// <param name="output">Where the layout goes.</param>
    /// <param name="cancellationToken">Ends the import; what was written stays in the output directory.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.InvalidImage"/>, <see cref="ErrorCode.UnsafeArchive"/>, <see cref="ErrorCode.DigestMismatch"/>, <see cref="ErrorCode.MissingBlob"/>, <see cref="ErrorCode.DiskFull"/>.</exception>
    public static async Task<OciLayout> ReadAsync(string source, string output, CancellationToken cancellationToken)
    {
        var store = new BlobStore(output);
        Digest manifest;
        if (Directory.Exists(source))
            manifest = await CopyLayoutAsync(source, store, cancellationToken);
        else if (File.Exists(source))
            manifest = await ReadArchiveAsync(source, store, cancellationToken);
        else
            throw new AhoyException(ErrorCode.NotFound, $"There is no {source}. Give an OCI layout (directory or tar) or an archive made by docker save.");
        var inspected = await ImageInspector.InspectAsync(manifest, store, cancellationToken);
        return await OciLayout.CreateAsync(store, inspected.Image.Digest, cancellationToken);
    }

    private static async Task<Digest> CopyLayoutAsync(string source, BlobStore store, CancellationToken cancellationToken)
    {
        var layout = await OciLayout.OpenAsync(source, cancellationToken);
        foreach (var blob in layout.Blobs)
        {
            await using var content = File.OpenRead(blob.File);
            await store.AddAsync(content, blob.Digest, blob.Size, cancellationToken);
        }

        return layout.Manifest;
    }

    private static async Task<Digest> ReadArchiveAsync(string source, BlobStore store, CancellationToken cancellationToken)
    {
        ArchiveMembers members;
        try
        {
            await using var file = File.OpenRead(source);
            await using var tar = await OpenTarAsync(file, cancellationToken);
            members = await StoreMembersAsync(new TarReader(tar), source, store, cancellationToken);
        }
        catch (InvalidDataException e)
        {
            throw new AhoyException(ErrorCode.InvalidImage, $"{source} can't be read as a tar archive: {e.Message.TrimEnd('.')}.", e);
        }

        Digest manifest;
        if (members.Find("index.json") is { } index)
            manifest = await OnlyImageAsync(index, source, store, cancellationToken);
        else if (members.Find("manifest.json") is { } list)
            manifest = await DockerArchive.ConvertAsync(list, members, store, cancellationToken);
        else
            throw new AhoyException(ErrorCode.InvalidImage, $"{source} is no image: it has neither index.json (an OCI layout) nor manifest.json (docker save).");
        await RemoveOthersAsync(manifest, members, store, cancellationToken);
        return manifest;
    }

    private static async Task<Stream> OpenTarAsync(FileStream file, CancellationToken cancellationToken)
    {
        var magic = new byte[2];
        var read = await file.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false, cancellationToken);
        file.Position = 0;
        return read == 2 && magic is [0x1f, 0x8b] ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    private static async Task<ArchiveMembers> StoreMembersAsync(TarReader tar, string source, BlobStore store, CancellationToken cancellationToken)
    {
        var members = new ArchiveMembers(source);
        for (var count = 0; await tar.NextAsync(cancellationToken) is { } entry; count++)
        {
            if (count == MaxMembers)
                throw new AhoyException(ErrorCode.UnsafeArchive, $"{source} is refused: it has more than {MaxMembers} members.");
            if (entry.Type is '0' or '7' && !entry.Name.EndsWith('/'))
                members.Add(entry.Name, await store.AddAsync(new TarContentStream(tar), expected: null, entry.Size, cancellationToken));
            else if (entry.Type is '1' or '2')
                members.AddLink(entry.Name, entry.LinkName, symbolic: entry.Type == '2');
            else if (entry.Type != '5' && !entry.Name.EndsWith('/'))
                throw new AhoyException(ErrorCode.UnsafeArchive, $"{source} is refused: its member \"{entry.Name}\" is neither a file nor a directory nor a link.");
        }

        return members;
    }

    private static async Task<Digest> OnlyImageAsync(Digest index, string source, BlobStore store, CancellationToken cancellationToken)
    {
        if (store.Size(index) > ImageReader.MaxDocumentSize)
            throw new AhoyException(ErrorCode.InvalidImage, $"The index.json of {source} is larger than {ImageReader.MaxDocumentSize >> 20} MiB.");
        var bytes = await File.ReadAllBytesAsync(store.FileOf(index), cancellationToken);
        var manifests = ImageReader.Parse(bytes, OciJson.Default.ImageIndex, index, "image index").Manifests;
        return manifests.Count == 1
            ? manifests[0].Digest
            : throw new AhoyException(ErrorCode.InvalidImage, $"{source} holds {manifests.Count} images; exactly one is needed. Save just the one that you want.");
    }

    /// <summary>The archive's own lists and anything else that is no part of the image must not be uploaded.</summary>
    private static async Task RemoveOthersAsync(Digest manifest, ArchiveMembers members, BlobStore store, CancellationToken cancellationToken)
    {
        var image = await ImageReader.ReadAsync(manifest, store, cancellationToken);
        HashSet<Digest> parts = [manifest, image.Digest, image.Manifest.Config.Digest, .. image.Manifest.Layers.Select(layer => layer.Digest)];
        foreach (var digest in members.Digests.Where(digest => !parts.Contains(digest)))
            store.Delete(digest);
    }
}
