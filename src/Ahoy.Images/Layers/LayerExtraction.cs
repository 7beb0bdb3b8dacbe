using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Images.Layers;

/// <summary>
/// Writes checked entries below a directory. Each path is walked from the directory's descriptor without following links,
/// so that even an entry that should have been refused could not leave it.
/// </summary>
internal sealed class LayerExtraction : IDisposable
{
    private const int MaxOpenDirectories = 64;
    private const uint SetIdBits = 0xc00;
    private const uint OwnerAccess = 0x1c0;
    private const uint OwnerRead = 0x100;
    private const uint OwnerReadWrite = 0x180;

    private readonly string _directory;
    private readonly FileOwners _owners;
    private readonly SafeFileHandle _root;
    private readonly Dictionary<string, SafeFileHandle> _open = [];
    private readonly List<LayerEntry> _directories = [];
    private readonly byte[] _buffer = new byte[128 * 1024];

    public LayerExtraction(string directory, FileOwners owners)
    {
        _directory = directory;
        _owners = owners;
        _root = Posix.OpenDirectory(directory);
    }

    public async Task AddAsync(LayerEntry entry, LayerReader reader, CancellationToken cancellationToken)
    {
        var parent = Open(entry.Parent);
        if (entry.ReplacesWhiteout)
            Check(Posix.UnlinkAt(parent, entry.Name, 0), "remove the whiteout of", entry);
        switch (entry.Type)
        {
            case LayerEntryType.File:
                await WriteFileAsync(parent, entry, reader, cancellationToken);
                break;
            case LayerEntryType.Directory:
                AddDirectory(parent, entry);
                break;
            case LayerEntryType.Symlink:
                AddSymlink(parent, entry);
                break;
            case LayerEntryType.HardLink:
                AddHardLink(parent, entry);
                break;
            case LayerEntryType.Whiteout:
                Check(Posix.MakeNodeAt(parent, entry.Name, Posix.CharacterDevice, 0), "mark as deleted", entry);
                break;
            case LayerEntryType.Opaque:
                MarkOpaque(entry);
                break;
        }
    }

    /// <summary>Gives directories their owners, modes and times, once nothing more is written into them.</summary>
    public void Finish()
    {
        foreach (var entry in _directories)
        {
            using var directory = OpenBelow(entry.Path);
            SetAttributes(directory, entry, _owners.Keep ? entry.Mode : entry.Mode | OwnerAccess);
        }
    }

    public void Dispose()
    {
        CloseDirectories();
        _root.Dispose();
    }

    private async Task WriteFileAsync(SafeFileHandle parent, LayerEntry entry, LayerReader reader, CancellationToken cancellationToken)
    {
        var flags = Posix.WriteOnly | Posix.Create | Posix.Exclusive | Posix.NoFollow | Posix.CloseOnExec;
        using var file = Own(Posix.OpenAt(parent, entry.Name, flags, OwnerReadWrite), "create", entry.Path);
        long offset = 0;
        int read;
        while ((read = await reader.ReadAsync(_buffer, cancellationToken)) > 0)
        {
            try
            {
                RandomAccess.Write(file, _buffer.AsSpan(0, read), offset);
            }
            catch (IOException e)
            {
                throw Posix.Error(e, "write", entry.Path, _directory);
            }

            offset += read;
        }

        SetAttributes(file, entry, _owners.Keep ? entry.Mode : entry.Mode | OwnerRead);
    }

    private void AddDirectory(SafeFileHandle parent, LayerEntry entry)
    {
        if (!entry.Exists)
            Check(Posix.MakeDirectoryAt(parent, entry.Name, OwnerAccess), "create", entry);
        _directories.Add(entry);
        if (entry.ReplacesWhiteout)
            MarkOpaque(entry);
    }

    private void AddSymlink(SafeFileHandle parent, LayerEntry entry)
    {
        Check(Posix.SymlinkAt(entry.Target, parent, entry.Name), "create", entry);
        if (_owners.Keep)
            Accept(Posix.ChangeOwnerAt(parent, entry.Name, entry.User, entry.Group, Posix.SymlinkNoFollow), entry);
        Check(Posix.SetTimesAt(parent, entry.Name, new Posix.FileTimes(entry.Modified, 0), Posix.SymlinkNoFollow), "set the time of", entry);
    }

    private void AddHardLink(SafeFileHandle parent, LayerEntry entry)
    {
        var slash = entry.Target.LastIndexOf('/');
        using var from = OpenBelow(slash < 0 ? "" : entry.Target[..slash]);
        Check(Posix.LinkAt(from, entry.Target[(slash + 1)..], parent, entry.Name, 0), "link", entry);
    }

    private void MarkOpaque(LayerEntry entry)
    {
        using var directory = OpenBelow(entry.Path);
        Check(Posix.SetAttribute(directory, _owners.OpaqueAttribute, "y"u8, 1, 0), $"set the attribute {_owners.OpaqueAttribute} of", entry);
    }

    private void SetAttributes(SafeFileHandle file, LayerEntry entry, uint mode)
    {
        var kept = _owners.Keep && Accept(Posix.ChangeOwner(file, entry.User, entry.Group), entry);
        // After the owner: the kernel clears the set-id bits when the owner changes.
        Check(Posix.ChangeMode(file, kept ? mode : mode & ~SetIdBits), "set the mode of", entry);
        Check(Posix.SetTimes(file, new Posix.FileTimes(entry.Modified, 0)), "set the time of", entry);
    }

    private SafeFileHandle Open(string path)
    {
        if (path.Length == 0)
            return _root;
        if (_open.TryGetValue(path, out var known))
            return known;
        if (_open.Count == MaxOpenDirectories)
            CloseDirectories();
        var opened = OpenBelow(path);
        _open.Add(path, opened);
        return opened;
    }

    private SafeFileHandle OpenBelow(string path)
    {
        var flags = Posix.ReadOnly | Posix.Directory | Posix.NoFollow | Posix.CloseOnExec;
        var current = Own(Posix.OpenAt(_root, ".", flags, 0), "open", path);
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var parent = current;
            current = Own(Posix.OpenAt(parent, name, flags, 0), "open", path);
        }

        return current;
    }

    /// <summary>False for an owner that this user namespace does not map (EINVAL): the file stays root's.</summary>
    private bool Accept(int result, LayerEntry entry)
    {
        if (result != 0 && Marshal.GetLastPInvokeError() == Posix.ErrorInvalid)
            return false;
        Check(result, "give its owner to", entry);
        return true;
    }

    private void Check(int result, string what, LayerEntry entry)
    {
        if (result != 0)
            throw Posix.LastError(what, entry.Path, _directory);
    }

    private SafeFileHandle Own(int descriptor, string what, string path) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Posix.LastError(what, path, _directory);

    private void CloseDirectories()
    {
        foreach (var directory in _open.Values)
            directory.Dispose();
        _open.Clear();
    }
}
