using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Ahoy.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Ahoy.Client.Output;

/// <summary>
/// The three ends of a command's conversation. Results go to standard output, everything else to standard error.
/// Programs' output passes as bytes, untouched; in other texts control characters become "?".
/// </summary>
internal sealed class Terminal(Stream output, Stream error, Func<TextReader> input, bool interactiveOutput, bool interactiveError)
{
    private const string EraseLine = "\r\u001b[K";
    private const byte LineEnd = (byte)'\n';

    private readonly Lock _lock = new();
    private bool _drawn;
    private bool _midLine;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private static readonly AhoyJson Indented = new(new JsonSerializerOptions(AhoyJson.Default.Options) { WriteIndented = true });

    public Stream Output { get; } = output;

    public Stream Error { get; } = error;

    /// <summary>Opened when a command first reads: it costs time that most commands need not spend.</summary>
    public TextReader Input => input();

    /// <summary>Whether something was piped to this process that nobody has read.</summary>
    public Func<bool> InputHasData { get; init; } = TerminalDevice.InputHasData;

    /// <summary>True when standard output is a terminal: tables may be drawn for people.</summary>
    public bool InteractiveOutput { get; } = interactiveOutput;

    /// <summary>True when standard error is a terminal: progress may be shown.</summary>
    public bool InteractiveError { get; } = interactiveError;

    /// <summary>True when standard error is a terminal that understands where to put the cursor.</summary>
    public bool DrawsProgress => InteractiveError && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>False when the user asked for no colours (no-color.org) or the terminal has none.</summary>
    public static bool Colours =>
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    public static Terminal OfProcess() => new(
        new StandardStream(1),
        new StandardStream(2),
        () => new StreamReader(new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0), Utf8),
        !Console.IsOutputRedirected,
        !Console.IsErrorRedirected);

    /// <summary>A line of the command's result.</summary>
    public void WriteLine(string text = "") => Write(Output, PlainText.Lines(text) + "\n");

    /// <summary>Text of the command's result: several lines.</summary>
    public void Write(string text) => Write(Output, PlainText.Lines(text));

    /// <summary>A line that tells the user something beside the result.</summary>
    public void Note(string text)
    {
        lock (_lock)
        {
            Erase();
            Write(Error, PlainText.Lines(text) + "\n");
        }
    }

    /// <summary>Draws the line below the text anew, or takes it away. Not in the middle of a line that a program has begun.</summary>
    public void Draw(string? text)
    {
        lock (_lock)
        {
            if (text is null || _midLine)
            {
                Erase();
                return;
            }

            // A line that is as wide as the terminal would move to the next one.
            var line = PlainText.Line(text);
            var width = TerminalDevice.Width - 1;
            _drawn = true;
            Write(Error, EraseLine + (line.Length > width ? line[..(width - 1)] + "…" : line));
        }
    }

    /// <summary>Passes a program's output on.</summary>
    /// <param name="stream"><see cref="Output"/> or <see cref="Error"/>.</param>
    /// <param name="bytes">As the program wrote them.</param>
    public void Pass(Stream stream, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        lock (_lock)
        {
            Erase();
            stream.Write(bytes);
            stream.Flush();
            _midLine = bytes[^1] != LineEnd;
        }
    }

    private void Erase()
    {
        if (_drawn)
            Write(Error, EraseLine);
        _drawn = false;
    }

    /// <summary>One JSON document as the command's result.</summary>
    public void WriteJson<T>(T value)
    {
        var type = (JsonTypeInfo<T>)Indented.GetTypeInfo(typeof(T))!;
        Write(Output, JsonSerializer.Serialize(value, type) + "\n");
    }

    private static void Write(Stream stream, string text)
    {
        stream.Write(Utf8.GetBytes(text));
        stream.Flush();
    }
}
