using System.Text;
using Ahoy.Client.Output;
using Ahoy.Contracts.Units;

namespace Ahoy.Client.Builds;

/// <summary>A build's log as its user sees it: a line that changes on a terminal, the steps elsewhere, all of it when asked for, and its end when the build failed.</summary>
internal sealed class BuildOutput(Terminal terminal, Verbosity verbosity)
{
    private const int LinesOnFailure = 40;

    private readonly Lock _lock = new();
    private readonly Queue<string> _last = new();
    private readonly List<byte> _rest = [];
    private string _step = "waiting for the master";
    private string _line = "";

    public void Write(byte[] part)
    {
        if (verbosity == Verbosity.Verbose)
        {
            terminal.Pass(terminal.Error, part);
            return;
        }

        foreach (var one in part)
        {
            if (one == (byte)'\n')
                EndLine();
            else
                _rest.Add(one);
        }
    }

    /// <summary>For <see cref="LiveLine"/>.</summary>
    public string? Line(TimeSpan elapsed)
    {
        if (verbosity != Verbosity.Normal)
            return null;
        lock (_lock)
        {
            return $"Building ({Durations.Format(TimeSpan.FromSeconds((long)elapsed.TotalSeconds))}): {_step}{(_line.Length > 0 ? ": " + _line : "")}";
        }
    }

    /// <summary>What a failed build printed last. Printed already when all was.</summary>
    public void TellEnd()
    {
        foreach (var line in _last)
        {
            terminal.Note("  " + line);
        }
    }

    private void EndLine()
    {
        // Package managers overwrite a line by a carriage return.
        var line = Encoding.UTF8.GetString([.. _rest]).TrimEnd('\r').Split('\r')[^1];
        _rest.Clear();
        var isStep = IsStep(line);
        lock (_lock)
        {
            _last.Enqueue(line);
            if (_last.Count > LinesOnFailure)
                _last.Dequeue();
            (_step, _line) = isStep ? (line, "") : (_step, line);
        }

        if (isStep && verbosity == Verbosity.Normal && !terminal.DrawsProgress)
            terminal.Note(line);
    }

    // The master's own lines; all others are those of the programs that it runs.
    private static bool IsStep(string line) =>
        line.StartsWith("Base ", StringComparison.Ordinal) || line.StartsWith("Packages ", StringComparison.Ordinal)
        || line.StartsWith("Verifying ", StringComparison.Ordinal) || line.StartsWith("Image ", StringComparison.Ordinal)
        || (line.Length > 0 && char.IsAsciiDigit(line[0]) && line.Split(' ') is [_, "dependencies" or "files"]);
}
