using System.Globalization;
using Ahoy.Contracts;
using Ahoy.Images.Layers;
using Ahoy.Processes;

namespace Ahoy.Images.Bases;

/// <summary>Runs mmdebstrap (man mmdebstrap(1)): as root, or as an ordinary user in a user namespace.</summary>
internal static class Mmdebstrap
{
    private const string Program = "mmdebstrap";
    private static readonly TimeSpan Timeout = TimeSpan.FromHours(1);

    /// <summary>Left out of every package, now and when packages are added later: what programs do not need to run. Licences stay.</summary>
    private static readonly string[] DpkgOptions =
    [
        "path-exclude=/usr/share/man/*",
        "path-exclude=/usr/share/info/*",
        "path-exclude=/usr/share/locale/*",
        "path-include=/usr/share/locale/locale.alias",
        "path-exclude=/usr/share/doc/*",
        "path-include=/usr/share/doc/*/copyright",
    ];

    /// <summary>
    /// What tells of this computer or of the moment: its name and resolver, which mmdebstrap copies in; logs; caches that hold inode numbers.
    /// The runtime provides the container's own hostname and resolv.conf.
    /// Never the root's /tmp: mmdebstrap keeps its apt configuration there, without which its apt would work on this computer's own lists.
    /// </summary>
    private const string Cleaning = """
        rm -rf "$1"/var/log/* "$1"/var/cache/ldconfig/aux-cache "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old
        : > "$1"/etc/hostname
        : > "$1"/etc/resolv.conf
        """;

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotSupported"/> with what to install or set up.</exception>
    public static void CheckUsable()
    {
        const string instead = "Or use one of the master's ready-made bases: see ahoy base ls.";
        if (ProgramRunner.Find(Program) is null)
            throw new AhoyException(ErrorCode.NotSupported, $"Making a base image with apt needs mmdebstrap, which is not installed here. Install it (Debian, Ubuntu: apt-get install mmdebstrap uidmap). {instead}");
        if (Posix.EffectiveUser() == 0)
            return;
        if (ProgramRunner.Find("newuidmap") is null)
            throw new AhoyException(ErrorCode.NotSupported, $"Making a base image without being root needs newuidmap, which is not installed here. Install it (Debian, Ubuntu: apt-get install uidmap). {instead}");
        foreach (var file in (string[])["/etc/subuid", "/etc/subgid"])
        {
            if (!HasRange(file))
                throw new AhoyException(ErrorCode.NotSupported, $"Making a base image without being root needs a range of ids for {UserName()} in {file}. An administrator can add one: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {UserName()}. {instead}");
        }
    }

    /// <summary>Makes a root file system as a tar. On failure and cancellation nothing is left in <paramref name="work"/> but what this user can delete.</summary>
    /// <param name="work">A directory that everybody can pass through, because the ids of a user namespace work below it.</param>
    /// <param name="tar">The file to write.</param>
    /// <exception cref="ProgramFailedException">With what mmdebstrap said last.</exception>
    public static async Task RunAsync(AptBaseRequest request, AptArchive archive, string work, string tar, Action<string> progress, CancellationToken cancellationToken)
    {
        var root = Posix.EffectiveUser() == 0;
        try
        {
            await ProgramRunner.RunAsync(Call(request, archive, root, work, tar) with { OnLine = progress }, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or ProgramFailedException)
        {
            // When killed it can't clean up, and this user may not delete files of the namespace's ids.
            if (!root)
                await EmptyAsync([.. Directory.GetDirectories(work).Where(directory => FileStatus.Of(directory).User != Posix.EffectiveUser())]);
            throw;
        }
    }

    internal static ProgramCall Call(AptBaseRequest request, AptArchive archive, bool root, string work, string tar)
    {
        List<string> arguments = [root ? "--mode=root" : "--mode=unshare", "--variant=apt", "--format=tar", "--skip=output/dev", $"--customize-hook={Cleaning}"];
        arguments.AddRange(DpkgOptions.Select(option => $"--dpkgopt={option}"));
        if (request.Packages.Count > 0)
            arguments.Add($"--include={string.Join(',', request.Packages)}");
        arguments.AddRange([request.Suite, tar, .. archive.Sources.Select(source => source.Line)]);
        return new ProgramCall
        {
            Program = Program,
            Arguments = arguments,
            WorkingDirectory = work,
            Environment = new Dictionary<string, string?>
            {
                ["SOURCE_DATE_EPOCH"] = archive.Date.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
                ["TMPDIR"] = work,
                ["LC_ALL"] = "C.UTF-8",
            },
            Timeout = Timeout,
        };
    }

    /// <summary>
    /// Deletes what is in the directories as root of the user namespace; the directories themselves stand in one of this user's.
    /// Processes that were killed just now may still finish a write, which makes find fail: hence several tries.
    /// </summary>
    private static async Task EmptyAsync(string[] directories)
    {
        const string empty = "for try in 1 2 3 4 5 6 7 8 9; do find \"$@\" -mindepth 1 -delete && exit 0; sleep 0.2; done; exit 1";
        if (directories.Length > 0)
            await ProgramRunner.RunAsync(new ProgramCall { Program = Program, Arguments = ["--unshare-helper", "sh", "-c", empty, "sh", .. directories] }, CancellationToken.None);
    }

    /// <summary>From the file alone: asking the C library would load its name service modules, which a static executable can't rely on.</summary>
    private static string UserName()
    {
        var id = Posix.EffectiveUser().ToString();
        return File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == id)?[0]
            ?? Environment.GetEnvironmentVariable("USER")
            ?? id;
    }

    /// <summary>Lines "USER-OR-ID:FIRST:COUNT" (man subuid(5)).</summary>
    private static bool HasRange(string file) =>
        File.Exists(file) && File.ReadLines(file).Select(line => line.Split(':')).Any(parts =>
            parts.Length == 3 && (parts[0] == UserName() || parts[0] == Posix.EffectiveUser().ToString()) && int.TryParse(parts[2], out var count) && count >= 65536);
}
