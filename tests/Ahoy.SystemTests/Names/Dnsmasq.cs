using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Ahoy.Processes;
using Ahoy.Testing;

namespace Ahoy.SystemTests.Names;

/// <summary>A real name server that knows what a test tells it, and nothing else.</summary>
internal sealed class Dnsmasq : IAsyncDisposable
{
    private const int Attempts = 10;
    // dnsmasq(8), EXIT CODES: "A problem with network access occurred (address in use, …)".
    private const int AddressInUse = 2;

    private readonly Process _process;

    private Dnsmasq(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    public int Port { get; }

    /// <param name="port">Null: a free one.</param>
    /// <param name="records">Options of dnsmasq(8).</param>
    /// <param name="cancellationToken">Ends the waiting for its start.</param>
    /// <param name="address">Where it listens: one of this computer.</param>
    public static async Task<Dnsmasq> StartAsync(int? port, IReadOnlyList<string> records, CancellationToken cancellationToken, string address = "127.0.0.1")
    {
        var program = ProgramRunner.Find("dnsmasq");
        Require.That(program is not null, "dnsmasq (package dnsmasq-base) is not installed");
        Assert.SkipUnless(program is not null, "dnsmasq (package dnsmasq-base) is not installed");
        for (var left = Attempts; ; left--)
        {
            var chosen = port ?? FreePort();
            var (server, exitCode) = await TryStartAsync(program!, chosen, records, address, cancellationToken);
            if (server is not null)
                return server;
            // Free for UDP, but a connection of a test beside this one has it for TCP.
            if (port is not null || exitCode != AddressInUse || left == 0)
                throw new InvalidOperationException($"dnsmasq on port {chosen} ended with {exitCode}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task<(Dnsmasq? Server, int ExitCode)> TryStartAsync(string program, int port, IReadOnlyList<string> records, string address, CancellationToken cancellationToken)
    {
        string[] options =
        [
            "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", "--bind-interfaces", $"--listen-address={address}",
            $"--port={port.ToString(CultureInfo.InvariantCulture)}", "--local=/example/", "--log-facility=-", $"--user={Environment.UserName}", "--group=",
        ];
        var process = Process.Start(new ProcessStartInfo(program, [.. options, .. records]) { RedirectStandardError = true })!;
        // "dnsmasq: started, version …" is written when it listens.
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Contains("started", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                return (new Dnsmasq(process, port), 0);
            }
        }

        using (process)
        {
            await process.WaitForExitAsync(cancellationToken);
            return (null, process.ExitCode);
        }
    }

    private static int FreePort()
    {
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)udp.LocalEndPoint!).Port;
    }
}
