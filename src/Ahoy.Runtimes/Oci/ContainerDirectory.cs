using System.Globalization;
using System.Text.Json;
using Ahoy.Runtimes.Linux;

namespace Ahoy.Runtimes.Oci;

/// <summary>Everything of one container on disk: STATE/containers/PROGRAM/NAME. It is all that a daemon that is started anew knows of it.</summary>
internal sealed class ContainerDirectory(string path)
{
    public string Path { get; } = path;
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>config.json of the runtime specification lies beside, which makes the directory the bundle.</summary>
    public string Root => In("rootfs");
    public string Upper => In("upper");
    public string Work => In("work");
    /// <summary>What the runtime program says, and what the launcher says about it.</summary>
    public string RuntimeLog => In("runtime.log");
    /// <summary>Written by the runtime program when the container is made: the first process's id.</summary>
    public string PidFile => In("pid");

    /// <summary>The containers of every program under a state directory.</summary>
    public static IEnumerable<ContainerDirectory> All(string stateDirectory)
    {
        var containers = System.IO.Path.Combine(stateDirectory, "containers");
        return Directory.Exists(containers) ? Directory.EnumerateDirectories(containers).SelectMany(Of) : [];
    }

    /// <summary>The containers in STATE/containers/PROGRAM.</summary>
    public static IEnumerable<ContainerDirectory> Of(string programDirectory) =>
        Directory.Exists(programDirectory)
            ? Directory.EnumerateDirectories(programDirectory).Order(StringComparer.Ordinal).Select(path => new ContainerDirectory(path))
            : [];

    public string In(string name) => System.IO.Path.Combine(Path, name);

    public bool Exists() => Directory.Exists(Path);

    public void Write(ContainerRecord record)
    {
        // Whole or not there: this daemon may be killed at any time.
        File.WriteAllBytes(In("container.json.new"), JsonSerializer.SerializeToUtf8Bytes(record, RuntimeJson.Default.ContainerRecord));
        File.Move(In("container.json.new"), In("container.json"), overwrite: true);
    }

    /// <summary>Null when the directory is that of a container whose start was cut off.</summary>
    public ContainerRecord? Record()
    {
        try
        {
            return JsonSerializer.Deserialize(ReadBytes("container.json"), RuntimeJson.Default.ContainerRecord);
        }
        catch (JsonException)
        {
            // Cut off by a crash of the host.
            return null;
        }
    }

    /// <summary>The process that waits for the runtime program; null when it never started or this id belongs to another process by now.</summary>
    public ProcessIdentity? Launcher()
    {
        if (!int.TryParse(Read("launcher"), CultureInfo.InvariantCulture, out var id) || ProcessIdentity.Find(id) is not { } process)
            return null;
        try
        {
            // Its command line names this directory.
            return File.ReadAllText($"/proc/{id}/cmdline").Split('\0').Contains(Path) ? process : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>The container's first process, while it lives.</summary>
    public ProcessIdentity? FirstProcess()
    {
        if (ProcessIdentity.Parse(Read("first")) is { } known)
            return known.IsAlive() ? known : null;
        // This daemon's predecessor ended during the start: the process must be a grandchild of the launcher.
        return int.TryParse(Read("pid"), CultureInfo.InvariantCulture, out var id)
            && Launcher() is { } launcher
            && ProcessIdentity.ParentOf(id) is { } parent
            && ProcessIdentity.ParentOf(parent) == launcher.Id
                ? ProcessIdentity.Find(id)
                : null;
    }

    public void WriteFirstProcess(ProcessIdentity process) => File.WriteAllText(In("first"), process.ToString());

    /// <summary>As the launcher wrote it; null while it runs or when it was killed.</summary>
    public int? ExitCode() => int.TryParse(Read("exit"), CultureInfo.InvariantCulture, out var code) ? code : null;

    public string RuntimeOutput() => Read("runtime.log").Trim();

    /// <summary>True when the launcher sees this container's root mounted, that is: it is in an earlier daemon's namespace.</summary>
    public bool HasPrivateMounts(ProcessIdentity launcher)
    {
        try
        {
            return MountTable.Parse(File.ReadAllText($"/proc/{launcher.Id}/mountinfo")).Any(mount => mount.Target == Root)
                && !MountTable.Read().Any(mount => mount.Target == Root);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Read(string name)
    {
        try
        {
            return File.ReadAllText(In(name));
        }
        catch (FileNotFoundException)
        {
            return "";
        }
        catch (DirectoryNotFoundException)
        {
            return "";
        }
    }

    private byte[] ReadBytes(string name)
    {
        try
        {
            return File.ReadAllBytes(In(name));
        }
        catch (FileNotFoundException)
        {
            return "null"u8.ToArray();
        }
        catch (DirectoryNotFoundException)
        {
            return "null"u8.ToArray();
        }
    }
}
