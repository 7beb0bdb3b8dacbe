using Microsoft.Extensions.Logging;

namespace Ahoy.Agent;

/// <summary>One line for each event, with its time: into the log file, or on standard error.</summary>
internal sealed class LineLogger(TextWriter writer, TimeProvider time) : ILogger
{
    private readonly Lock _lock = new();

    /// <param name="file">Null: standard error.</param>
    public static LineLogger Open(string? file, TimeProvider time) =>
        new(file is null ? Console.Error : new StreamWriter(file, append: true) { AutoFlush = true }, time);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var line = $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {Word(logLevel)} {formatter(state, exception)}";
        lock (_lock)
        {
            writer.WriteLine(exception is null ? line : $"{line}: {exception}");
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Warning => "warning",
        LogLevel.Error or LogLevel.Critical => "error",
        _ => "info",
    };
}
