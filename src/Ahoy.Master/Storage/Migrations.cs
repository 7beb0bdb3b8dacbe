using System.Globalization;
using Ahoy.Contracts;
using Microsoft.Data.Sqlite;

namespace Ahoy.Master.Storage;

/// <summary>The schema, as numbered steps. A step that was released never changes; later changes are further steps.</summary>
internal static class Migrations
{
    private static readonly string[] Steps =
    [
        """
        CREATE TABLE users (
            name       TEXT PRIMARY KEY,
            role       TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE tokens (
            id          TEXT PRIMARY KEY,
            kind        TEXT NOT NULL,
            secret_hash TEXT NOT NULL,
            subject     TEXT,
            created_at  INTEGER NOT NULL,
            expires_at  INTEGER NOT NULL,
            revoked     INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;

        CREATE TABLE agents (
            name         TEXT PRIMARY KEY,
            capabilities TEXT,
            joined_at    INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE blob_users (
            user   TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (user, digest)
        ) WITHOUT ROWID;

        CREATE TABLE images (
            kind       TEXT NOT NULL,
            owner      TEXT NOT NULL,
            name       TEXT NOT NULL,
            view       TEXT NOT NULL,
            PRIMARY KEY (kind, owner, name)
        ) WITHOUT ROWID;
        CREATE UNIQUE INDEX base_names ON images (name) WHERE kind = 'base';

        CREATE TABLE image_contents (
            manifest TEXT PRIMARY KEY,
            contents BLOB NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE build_results (
            key      TEXT PRIMARY KEY,
            manifest TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE package_layers (
            key     TEXT PRIMARY KEY,
            digest  TEXT NOT NULL,
            size    INTEGER NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE jobs (
            id              INTEGER PRIMARY KEY AUTOINCREMENT,
            version         INTEGER NOT NULL,
            owner           TEXT NOT NULL,
            state           TEXT NOT NULL,
            request         TEXT NOT NULL,
            image           TEXT NOT NULL,
            idempotency_key TEXT,
            attempt         INTEGER NOT NULL,
            lost            INTEGER NOT NULL,
            agent           TEXT,
            submitted_at    INTEGER NOT NULL,
            started_at      INTEGER,
            ended_at        INTEGER,
            canceled_at     INTEGER,
            result          TEXT
        );
        CREATE UNIQUE INDEX jobs_idempotency ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
        CREATE INDEX jobs_owner ON jobs (owner, id);
        CREATE INDEX jobs_active ON jobs (id) WHERE ended_at IS NULL;
        """,
        """
        ALTER TABLE jobs ADD COLUMN abandoned INTEGER NOT NULL DEFAULT 0;
        """,
        """
        ALTER TABLE jobs ADD COLUMN results_removed_at INTEGER;
        """,
        """
        ALTER TABLE jobs ADD COLUMN lost_by TEXT;
        """,
        """
        ALTER TABLE agents ADD COLUMN process TEXT;
        """,
        """
        DROP INDEX base_names;
        CREATE UNIQUE INDEX base_names ON images (name) WHERE kind = 'base' AND coalesce(json_extract(view, '$.private'), 0) = 0;
        """,
        """
        CREATE INDEX jobs_results ON jobs (ended_at) WHERE results_removed_at IS NULL;
        """,
    ];

    /// <summary>Applies what is missing, each step in its own transaction.</summary>
    /// <exception cref="AhoyException">The database comes from a newer master.</exception>
    public static void Apply(SqliteConnection connection)
    {
        var version = Version(connection);
        if (version > Steps.Length)
            throw new AhoyException(ErrorCode.Internal, $"The database {connection.DataSource} was written by a newer ahoy (schema {version}, this one knows {Steps.Length}). Start that ahoy, or use another data directory.");
        for (var step = version; step < Steps.Length; step++)
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = Steps[step] + string.Create(CultureInfo.InvariantCulture, $"\nPRAGMA user_version = {step + 1};");
            command.ExecuteNonQuery();
            transaction.Commit();
        }
    }

    private static int Version(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA user_version";
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
