using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Ahoy.Contracts;
using Ahoy.Contracts.Access;
using Ahoy.Master.Storage;

namespace Ahoy.Master.Access;

/// <summary>Tokens and the users they belong to. Of a token's secret only the hash is stored; all tokens are held in memory, rebuilt at start.</summary>
internal sealed class TokenStore
{
    private static readonly TimeSpan UserLifetime = TimeSpan.FromDays(90);
    private static readonly TimeSpan JoinLifetime = TimeSpan.FromHours(1);
    private static readonly TimeSpan AgentLifetime = TimeSpan.FromDays(365);

    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly string _fingerprint;
    private readonly ConcurrentDictionary<string, StoredToken> _tokens = new();
    private readonly ConcurrentDictionary<string, string> _roles = new();

    public TokenStore(Database database, MasterCertificates certificates, TimeProvider time)
    {
        _database = database;
        _time = time;
        _fingerprint = certificates.Fingerprint;
        foreach (var token in database.Read(connection => connection.Query(
            "SELECT id, kind, secret_hash, subject, created_at, expires_at, revoked FROM tokens",
            row => new StoredToken(row.GetString(0), row.GetString(1), row.GetString(2), row.Text(3), row.Time(4), row.Time(5), row.GetBoolean(6)))))
        {
            _tokens[token.Id] = token;
        }

        foreach (var (name, role) in database.Read(connection => connection.Query("SELECT name, role FROM users", row => (row.GetString(0), row.GetString(1)))))
        {
            _roles[name] = role;
        }
    }

    public bool IsManager(string user) => _roles.GetValueOrDefault(user) == Caller.ManagerRole;

    public bool HasUsers => !_roles.IsEmpty;

    /// <summary>Finds out who holds the token.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.Unauthorized"/>; the message does not tell a guesser whether the id exists.</exception>
    public Caller Authenticate(string? text)
    {
        if (!AccessToken.TryParse(text, out var token))
            throw new AhoyException(ErrorCode.Unauthorized, "The request carries no usable token. Log in with `ahoy login`, or ask the master's manager for a token.");
        if (!_tokens.TryGetValue(token!.Id, out var stored) || !SameHash(stored.SecretHash, token.SecretHash()) || stored.Kind != token.Kind)
            throw new AhoyException(ErrorCode.Unauthorized, "This master does not know the token. Log in again, or ask the master's manager for a token.");
        if (stored.Revoked)
            throw new AhoyException(ErrorCode.Unauthorized, $"The token {stored.Id} was revoked. Ask the master's manager for a new one.");
        if (stored.ExpiresAt <= _time.GetUtcNow())
            throw new AhoyException(ErrorCode.Unauthorized, $"The token {stored.Id} expired on {stored.ExpiresAt:u}. Ask the master's manager for a new one.");
        var role = stored.Kind == AccessToken.User ? _roles.GetValueOrDefault(stored.Subject ?? "", Caller.UserRole) : "";
        return new Caller(stored.Id, stored.Kind, stored.Subject ?? "", role, stored.ExpiresAt);
    }

    /// <summary>Gives an agent that is in contact its token's full life again, once a third of it is over. One that stays away for a whole life has to join again.</summary>
    public Task RenewAgentTokenAsync(Caller agent) =>
        agent.Expires - _time.GetUtcNow() < AgentLifetime * (2.0 / 3) ? RenewAsync(agent.TokenId, AgentLifetime) : Task.CompletedTask;

    /// <summary>Gives the user's token of this text its full life again, once a third of it is over, and also when all is. Revoked and unknown ones stay as they are.</summary>
    public Task RenewUserTokenAsync(string text) =>
        AccessToken.TryParse(text, out var token) && token!.Kind == AccessToken.User
        && _tokens.TryGetValue(token.Id, out var stored) && SameHash(stored.SecretHash, token.SecretHash()) && !stored.Revoked
        && stored.ExpiresAt - _time.GetUtcNow() < UserLifetime * (2.0 / 3)
            ? RenewAsync(stored.Id, UserLifetime)
            : Task.CompletedTask;

    private async Task RenewAsync(string id, TimeSpan lifetime)
    {
        var expires = _time.GetUtcNow() + lifetime;
        var renewed = await _database.WriteAsync(connection => connection.Execute(
            "UPDATE tokens SET expires_at = $expires WHERE id = $id AND revoked = 0", ("$expires", expires), ("$id", id)));
        // Of a renewal and a revocation at once, the revocation lasts.
        while (renewed > 0 && _tokens.TryGetValue(id, out var stored) && !_tokens.TryUpdate(id, stored with { ExpiresAt = expires }, stored))
        {
        }
    }

    /// <summary>A user's token makes no other that outlives it: a stolen one must not last for ever. A manager's may.</summary>
    public TimeSpan? NotLonger(Caller caller, TimeSpan? wanted)
    {
        // A second less, because the new token's life begins a little later than now.
        var left = caller.Expires - _time.GetUtcNow() - TimeSpan.FromSeconds(1);
        return caller.IsManager || (wanted ?? UserLifetime) <= left ? wanted : left;
    }

    /// <summary>Makes a user, if the name is new, and a token for them.</summary>
    public Task<TokenResponse> CreateUserTokenAsync(string user, string role, TimeSpan? lifetime) => CreateUserTokenAsync(user, role, lifetime, _ => { });

    /// <summary>As the other; <paramref name="keep"/> gets the token's text before the token counts.</summary>
    public async Task<TokenResponse> CreateUserTokenAsync(string user, string role, TimeSpan? lifetime, Action<string> keep)
    {
        CheckUserName(user);
        var (token, stored) = NewToken(AccessToken.User, user, lifetime ?? UserLifetime);
        keep(token.Reveal());
        await _database.WriteAsync(connection =>
        {
            connection.Execute(
                "INSERT INTO users (name, role, created_at) VALUES ($name, $role, $now) ON CONFLICT (name) DO NOTHING",
                ("$name", user), ("$role", role), ("$now", stored.CreatedAt));
            return Insert(connection, stored);
        });
        _roles.TryAdd(user, role);
        _tokens[stored.Id] = stored;
        return Response(token, stored);
    }

    public async Task<TokenResponse> CreateJoinTokenAsync(TimeSpan? lifetime)
    {
        var (token, stored) = NewToken(AccessToken.Join, null, lifetime ?? JoinLifetime);
        await _database.WriteAsync(connection => Insert(connection, stored));
        _tokens[stored.Id] = stored;
        return Response(token, stored);
    }

    /// <summary>Uses up a join token and makes the agent's own. Of two that come with the same join token, one is refused.</summary>
    /// <param name="joinTokenId">The token that the agent came with.</param>
    /// <param name="wantedName">The agent's name; a number is added when it is taken.</param>
    public async Task<(string Name, string Token)> JoinAsync(string joinTokenId, string wantedName)
    {
        CheckUserName(wantedName);
        var now = _time.GetUtcNow();
        var (token, unnamed) = NewToken(AccessToken.Agent, null, AgentLifetime);
        var stored = await _database.WriteAsync(connection =>
        {
            if (connection.Execute("UPDATE tokens SET revoked = 1 WHERE id = $id AND revoked = 0", ("$id", joinTokenId)) == 0)
                throw new AhoyException(ErrorCode.Unauthorized, $"The join token {joinTokenId} was used already. Each agent needs its own: `ahoy token create --join`.");
            var name = wantedName;
            // The name of an agent whose tokens all ended is free: it comes back as who it was.
            for (var number = 2; connection.Scalar<long>(
                "SELECT count(*) FROM tokens WHERE kind = 'agent' AND subject = $name AND revoked = 0 AND expires_at > $now", ("$name", name), ("$now", now)) > 0; number++)
            {
                name = $"{wantedName}-{number}";
            }

            connection.Execute("INSERT INTO agents (name, joined_at) VALUES ($name, $now) ON CONFLICT (name) DO UPDATE SET joined_at = excluded.joined_at", ("$name", name), ("$now", now));
            return Insert(connection, unnamed with { Subject = name });
        });
        if (_tokens.TryGetValue(joinTokenId, out var join))
            _tokens[joinTokenId] = join with { Revoked = true };
        _tokens[stored.Id] = stored;
        return (stored.Subject!, token.Reveal());
    }

    public async Task RevokeAsync(string id)
    {
        await _database.WriteAsync(connection => connection.Execute("UPDATE tokens SET revoked = 1 WHERE id = $id", ("$id", id)));
        while (_tokens.TryGetValue(id, out var token) && !_tokens.TryUpdate(id, token with { Revoked = true }, token))
        {
        }
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NotFound"/>.</exception>
    public TokenView Show(string id) =>
        _tokens.TryGetValue(id, out var token)
            ? View(token)
            : throw new AhoyException(ErrorCode.NotFound, $"There is no token {id}. `ahoy token ls` shows those there are.");

    public IReadOnlyList<TokenView> List() => [.. _tokens.Values.OrderBy(token => token.CreatedAt).Select(View)];

    private static StoredToken Insert(Microsoft.Data.Sqlite.SqliteConnection connection, StoredToken token)
    {
        connection.Execute(
            "INSERT INTO tokens (id, kind, secret_hash, subject, created_at, expires_at) VALUES ($id, $kind, $hash, $subject, $created, $expires)",
            ("$id", token.Id), ("$kind", token.Kind), ("$hash", token.SecretHash), ("$subject", token.Subject), ("$created", token.CreatedAt), ("$expires", token.ExpiresAt));
        return token;
    }

    private (AccessToken Token, StoredToken Stored) NewToken(string kind, string? subject, TimeSpan lifetime)
    {
        if (lifetime <= TimeSpan.Zero || lifetime > TimeSpan.FromDays(3660))
            throw new AhoyException(ErrorCode.InvalidRequest, "A token must live longer than 0 seconds and at most ten years.");
        var token = AccessToken.Create(kind, _fingerprint);
        var now = _time.GetUtcNow();
        return (token, new StoredToken(token.Id, kind, token.SecretHash(), subject, now, now + lifetime, Revoked: false));
    }

    private static TokenResponse Response(AccessToken token, StoredToken stored) =>
        new() { Id = stored.Id, Token = token.Reveal(), Expires = stored.ExpiresAt };

    private static TokenView View(StoredToken token) => new()
    {
        Id = token.Id,
        Kind = token.Kind,
        User = token.Subject,
        CreatedAt = token.CreatedAt,
        Expires = token.ExpiresAt,
        Revoked = token.Revoked,
    };

    private static bool SameHash(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(one), Encoding.ASCII.GetBytes(other));

    private static void CheckUserName(string name)
    {
        if (name.Length is 0 or > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@'))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{name}\" is not usable as a name. Use letters, digits, \"-\", \"_\", \".\" and \"@\", at most 64.");
    }

    private sealed record StoredToken(string Id, string Kind, string SecretHash, string? Subject, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, bool Revoked);
}
