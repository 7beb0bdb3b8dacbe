namespace Ahoy.Tests.Capture;

/// <summary>A directory that plays the root of a file system.</summary>
public sealed class TemporaryRoot : IDisposable
{
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ahoy.").FullName;

    public string HostPath(string path) => Directory + path;

    public TemporaryRoot File(string path, byte[] content, bool executable = false)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(HostPath(path))!);
        System.IO.File.WriteAllBytes(HostPath(path), content);
        if (executable)
            System.IO.File.SetUnixFileMode(HostPath(path), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return this;
    }

    public TemporaryRoot File(string path, string content, bool executable = false) => File(path, System.Text.Encoding.UTF8.GetBytes(content), executable);

    public TemporaryRoot Link(string path, string target)
    {
        System.IO.Directory.CreateDirectory(Path.GetDirectoryName(HostPath(path))!);
        System.IO.File.CreateSymbolicLink(HostPath(path), target);
        return this;
    }

    /// <summary>An installed package: a stanza in dpkg's status and a list of its files.</summary>
    public TemporaryRoot Package(string name, string depends, params string[] files)
    {
        System.IO.Directory.CreateDirectory(HostPath("/var/lib/dpkg/info"));
        System.IO.File.AppendAllText(HostPath("/var/lib/dpkg/status"), $"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\nDepends: {depends}\n\n");
        return File($"/var/lib/dpkg/info/{name}.list", $"/.\n{string.Join('\n', files)}\n");
    }

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}
