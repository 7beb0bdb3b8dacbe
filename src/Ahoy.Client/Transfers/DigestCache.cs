using System.Text.Json;
using Ahoy.Client.Access;
using Ahoy.Contracts;

namespace Ahoy.Client.Transfers;

/// <summary>
/// Reads each file once: its digest is remembered with its stamp, and holds as long as the stamp is the same. What was written within
/// the last two seconds is not remembered. Losing the cache costs time only.
/// </summary>
internal sealed class DigestCache(string directory, TimeProvider time)
{
    private const int MostEntries = 50_000;

    private readonly string _path = Path.Combine(directory, "digests.json");
    private readonly Lock _lock = new();
    private readonly HashSet<string> _used = [];
    private Dictionary<string, DigestCacheFile.Entry>? _entries;
    private bool _changed;

    /// <exception cref="AhoyException">There is no such file, or it changes while it is read.</exception>
    public async Task<LocalBlob> DigestAsync(string path, CancellationToken cancellationToken)
    {
        var stamp = FileStamp.Of(path);
        if (Find(path, stamp) is { } known)
            return new LocalBlob(path, known, stamp);

        Digest digest;
        await using (var file = File.OpenRead(path))
        {
            digest = await Digest.OfAsync(file, cancellationToken);
        }

        var blob = new LocalBlob(path, digest, stamp);
        blob.CheckUnchanged();
        if (!stamp.IsFresh(time.GetUtcNow()))
            Remember(path, stamp, digest);
        return blob;
    }

    /// <summary>Writes what was learnt. Of two clients at the same time the last one's knowledge stays.</summary>
    public void Save()
    {
        lock (_lock)
        {
            if (!_changed || _entries is null)
                return;
            var kept = _entries.Count <= MostEntries ? _entries : _entries.Where(entry => _used.Contains(entry.Key)).ToDictionary();
            PrivateFile.MakeDirectory(directory);
            PrivateFile.Write(_path, JsonSerializer.SerializeToUtf8Bytes(new DigestCacheFile { Files = kept }, ClientJson.Default.DigestCacheFile));
            _changed = false;
        }
    }

    private Digest? Find(string path, FileStamp stamp)
    {
        lock (_lock)
        {
            _entries ??= Load();
            _used.Add(path);
            return _entries.TryGetValue(path, out var entry) && entry.Stamp == stamp ? entry.Digest : null;
        }
    }

    private void Remember(string path, FileStamp stamp, Digest digest)
    {
        lock (_lock)
        {
            _entries![path] = new DigestCacheFile.Entry { Stamp = stamp, Digest = digest };
            _changed = true;
        }
    }

    private Dictionary<string, DigestCacheFile.Entry> Load()
    {
        if (!File.Exists(_path))
            return [];
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(_path), ClientJson.Default.DigestCacheFile)?.Files ?? [];
        }
        catch (JsonException)
        {
            // Written by another version, or damaged: everything is read again, and the file replaced.
            return [];
        }
    }
}
