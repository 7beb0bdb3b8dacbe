using System.Collections.Concurrent;
using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Images.Oci;
using Ahoy.Images.Store;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Oci;

/// <summary>
/// Unpacked layers, each once, by the digest of its packed bytes: STATE/layers/HEX is the directory that overlayfs stacks,
/// HEX.size its size in bytes, whose time of change is when the layer was last asked for.
/// </summary>
/// <param name="stateDirectory">That of the runtime.</param>
/// <param name="mostBytes">Above this the layers unused longest are removed; null: never.</param>
internal sealed class LayerCache(string stateDirectory, long? mostBytes)
{
    // Between preparing an image and starting its container no record of the use exists.
    private static readonly TimeSpan RecentUse = TimeSpan.FromMinutes(10);
    private readonly string _directory = Path.Combine(stateDirectory, "layers");
    private readonly ConcurrentDictionary<Digest, Task> _running = new();
    private readonly Lock _eviction = new();

    /// <summary>The directory's name within the cache: what a container's record holds.</summary>
    public static string NameOf(Digest layer) => layer.Hex;

    public string PathOf(string name) => Path.Combine(_directory, name);

    /// <summary>Unpacks the layer unless that was done before. Simultaneous calls for one layer share the work.</summary>
    /// <param name="layer">As the manifest lists it.</param>
    /// <param name="diffId">The digest that its unpacked tar must have by the image's configuration.</param>
    /// <param name="source">Where the layer's bytes come from when they are needed.</param>
    /// <param name="cancellationToken">Ends this call's share only.</param>
    /// <exception cref="AhoyException"><see cref="ErrorCode.DigestMismatch"/>, or as <see cref="LayerArchive.ExtractAsync"/> and <see cref="IBlobSource.OpenAsync"/> throw.</exception>
    public async Task EnsureAsync(Descriptor layer, Digest diffId, IBlobSource source, CancellationToken cancellationToken)
    {
        while (!TryTouch(layer.Digest))
        {
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var running = _running.GetOrAdd(layer.Digest, started.Task);
            if (running != started.Task)
            {
                // Another call's work; when that one is canceled or fails, this one tries itself.
                await running.WaitAsync(cancellationToken);
                continue;
            }

            try
            {
                await UnpackAsync(layer, diffId, source, cancellationToken);
            }
            finally
            {
                _running.TryRemove(layer.Digest, out _);
                started.SetResult();
            }
        }
    }

    private async Task UnpackAsync(Descriptor layer, Digest diffId, IBlobSource source, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_directory);
        RemoveLeftovers();
        // The process id tells a later daemon that this is left over.
        var temporary = Path.Combine(_directory, $"unpacking-{Environment.ProcessId}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(temporary);
        try
        {
            await using (var blob = await source.OpenAsync(layer.Digest, cancellationToken))
            {
                var found = await LayerArchive.ExtractAsync(blob, layer, temporary, cancellationToken);
                if (found != diffId)
                    throw new AhoyException(ErrorCode.DigestMismatch, $"Layer {layer.Digest} unpacks to {found}, but the image's configuration says {diffId}: the image is damaged.");
            }

            var size = SizeOf(temporary);
            Directory.Move(temporary, PathOf(layer.Digest.Hex));
            await File.WriteAllTextAsync(SizeFile(layer.Digest.Hex), size.ToString(CultureInfo.InvariantCulture), cancellationToken);
        }
        finally
        {
            await DirectoryTree.RemoveAsync(temporary);
        }

        await EvictAsync();
    }

    /// <summary>False when the layer is not there. Its time of use becomes now.</summary>
    private bool TryTouch(Digest layer)
    {
        lock (_eviction)
        {
            if (!Directory.Exists(PathOf(layer.Hex)))
                return false;
            var file = SizeFile(layer.Hex);
            if (!File.Exists(file))
                File.WriteAllText(file, SizeOf(PathOf(layer.Hex)).ToString(CultureInfo.InvariantCulture));
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow);
            return true;
        }
    }

    private async Task EvictAsync()
    {
        if (mostBytes is not { } most)
            return;
        var doomed = new List<string>();
        lock (_eviction)
        {
            var used = ContainerDirectory.All(stateDirectory).SelectMany(container => container.Record()?.Layers ?? []).ToHashSet();
            var layers = Directory.EnumerateFiles(_directory, "*.size")
                .Select(file => (Name: Path.GetFileNameWithoutExtension(file), Bytes: long.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture), Used: File.GetLastWriteTimeUtc(file)))
                .OrderBy(layer => layer.Used)
                .ToList();
            var total = layers.Sum(layer => layer.Bytes);
            foreach (var layer in layers.Where(layer => !used.Contains(layer.Name) && layer.Used < DateTime.UtcNow - RecentUse))
            {
                if (total <= most)
                    break;
                // Renamed under the lock, so that nobody finds it any more; the slow part follows without.
                var gone = Path.Combine(_directory, $"unpacking-{Environment.ProcessId}-{Guid.NewGuid():N}");
                Directory.Move(PathOf(layer.Name), gone);
                File.Delete(SizeFile(layer.Name));
                doomed.Add(gone);
                total -= layer.Bytes;
            }
        }

        foreach (var directory in doomed)
            await DirectoryTree.RemoveAsync(directory);
    }

    private void RemoveLeftovers()
    {
        foreach (var directory in Directory.EnumerateDirectories(_directory, "unpacking-*"))
        {
            var owner = int.Parse(Path.GetFileName(directory).Split('-')[1], CultureInfo.InvariantCulture);
            if (owner != Environment.ProcessId && ProcessIdentity.Find(owner) is null)
                DirectoryTree.RemoveAsync(directory).GetAwaiter().GetResult();
        }
    }

    private string SizeFile(string name) => Path.Combine(_directory, $"{name}.size");

    private static long SizeOf(string directory) =>
        new DirectoryInfo(directory)
            .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = false })
            .Sum(file => file.Length);
}
