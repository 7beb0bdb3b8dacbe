using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Ahoy.Master.Storage;

/// <summary>Statements in one line: text with $names, and their values.</summary>
internal static class SqlExtensions
{
    /// <summary>Prepared statements of connections that live long and are used by one thread.</summary>
    private static readonly ConditionalWeakTable<SqliteConnection, Dictionary<string, SqliteCommand>> Prepared = [];

    /// <summary>Keeps every statement of this connection prepared. Only for a connection that one thread uses, and closes.</summary>
    public static void KeepPrepared(this SqliteConnection connection) => Prepared.Add(connection, []);

    public static int Execute(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = Command(connection, sql, values, out var owned);
        using (owned)
        {
            return command.ExecuteNonQuery();
        }
    }

    public static T? Scalar<T>(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = Command(connection, sql, values, out var owned);
        using (owned)
        {
            return command.ExecuteScalar() is T value ? value : default;
        }
    }

    public static List<T> Query<T>(this SqliteConnection connection, string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = Command(connection, sql, values, out var owned);
        using (owned)
        {
            using var reader = command.ExecuteReader();
            var rows = new List<T>();
            while (reader.Read())
            {
                rows.Add(read(reader));
            }

            return rows;
        }
    }

    public static string? Text(this SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    public static DateTimeOffset Time(this SqliteDataReader reader, int column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    public static DateTimeOffset? OptionalTime(this SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Time(column);

    /// <param name="connection">Where to run it.</param>
    /// <param name="sql">With $names.</param>
    /// <param name="values">For the names.</param>
    /// <param name="owned">The command when it is for this call only; null when it stays prepared.</param>
    private static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> values, out SqliteCommand? owned)
    {
        var command = Prepared.TryGetValue(connection, out var prepared) ? prepared.GetValueOrDefault(sql) : null;
        if (command is null)
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            prepared?.Add(sql, command);
        }

        owned = prepared is null ? command : null;
        command.Parameters.Clear();
        foreach (var (name, value) in values)
        {
            var stored = value is DateTimeOffset time ? time.ToUnixTimeMilliseconds() : value;
            command.Parameters.AddWithValue(name, stored ?? DBNull.Value);
        }

        return command;
    }
}
