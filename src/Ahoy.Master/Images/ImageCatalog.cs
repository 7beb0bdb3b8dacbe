using System.Collections.Concurrent;
using System.Text.Json;
using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Master.Storage;
using Microsoft.Data.Sqlite;

namespace Ahoy.Master.Images;

/// <summary>Names of images. Bases that managers made are for everybody and their names unique; application images, and bases of other users, are their owner's.</summary>
internal sealed class ImageCatalog : IDisposable
{
    private readonly Database _database;
    private readonly ConcurrentDictionary<Key, ImageView> _images = new();
    private readonly SemaphoreSlim _changing = new(1);

    public ImageCatalog(Database database)
    {
        _database = database;
        foreach (var view in database.Read(connection => connection.Query("SELECT view FROM images", row => JsonSerializer.Deserialize(row.GetString(0), AhoyJson.Default.ImageView)!)))
        {
            _images[Key.Of(view)] = view;
        }
    }

    /// <summary>Bases, and the user's own application images.</summary>
    public IReadOnlyList<ImageView> List(string user, ImageKind? kind) =>
        [.. _images.Values
            .Where(image => ((image.Kind == ImageKind.Base && !image.Private) || image.Owner == user) && (kind is null || image.Kind == kind))
            .OrderBy(image => image.Name, StringComparer.Ordinal)];

    /// <summary>The manifest of every image that has a name.</summary>
    public IReadOnlyCollection<Digest> Manifests() => [.. _images.Values.Select(image => image.Digest)];

    public ImageView? Find(string user, ImageKind kind, string name) =>
        _images.GetValueOrDefault(new Key(kind, user, name)) ?? (kind == ImageKind.Base ? _images.GetValueOrDefault(Key.OfShared(name)) : null);

    /// <exception cref="AhoyException"><see cref="ErrorCode.UnknownBase"/> or <see cref="ErrorCode.UnknownImage"/>, naming those there are.</exception>
    public ImageView Get(string user, ImageKind kind, string name)
    {
        if (Find(user, kind, name) is { } image)
            return image;
        var known = List(user, kind);
        var there = known.Count == 0 ? "there are none yet" : "there are " + string.Join(", ", known.Take(20).Select(other => other.Name));
        throw kind == ImageKind.Base
            ? new AhoyException(ErrorCode.UnknownBase, $"There is no base image \"{name}\" on this master; {there}. Make one with `ahoy base create` or `ahoy base import`.")
            : new AhoyException(ErrorCode.UnknownImage, $"You have no image \"{name}\" on this master; {there}. Make one with `ahoy build`.");
    }

    /// <summary>What a job or a build may name: the user's application image, else a base.</summary>
    public ImageView Resolve(string user, string name, ErrorCode unknown)
    {
        if ((Find(user, ImageKind.Application, name) ?? Find(user, ImageKind.Base, name)) is { } image)
            return image;
        var known = List(user, null);
        var there = known.Count == 0 ? "there are none yet" : "there are " + string.Join(", ", known.Take(20).Select(other => other.Name));
        throw new AhoyException(unknown, $"There is no image \"{name}\" that you could use on this master; {there}. `ahoy base create` and `ahoy build` make new ones.");
    }

    /// <summary>Gives an image its name. A base's name is taken once and for all; an application image of the same owner is replaced.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.NameTaken"/>.</exception>
    public async Task AddAsync(ImageView image)
    {
        var key = Key.Of(image);
        var json = JsonSerializer.Serialize(image, AhoyJson.Default.ImageView);
        await ChangeAsync(
            connection =>
            {
                var onConflict = image.Kind == ImageKind.Base ? "DO NOTHING" : "(kind, owner, name) DO UPDATE SET view = excluded.view";
                var rows = connection.Execute(
                    $"INSERT INTO images (kind, owner, name, view) VALUES ($kind, $owner, $name, $view) ON CONFLICT {onConflict}",
                    ("$kind", key.KindText), ("$owner", image.Owner), ("$name", image.Name), ("$view", json));
                return rows > 0 ? rows : throw NameTaken(image.Name);
            },
            () => _images[key] = image);
    }

    /// <exception cref="AhoyException"><see cref="ErrorCode.NameTaken"/> when the base's name is not free.</exception>
    public void RequireFree(string user, ImageKind kind, string name)
    {
        if (kind == ImageKind.Base && Find(user, kind, name) is not null)
            throw NameTaken(name);
    }

    public async Task RemoveAsync(ImageView image)
    {
        var key = Key.Of(image);
        await ChangeAsync(
            connection => connection.Execute(
                "DELETE FROM images WHERE kind = $kind AND owner = $owner AND name = $name", ("$kind", key.KindText), ("$owner", image.Owner), ("$name", image.Name)),
            () => _images.TryRemove(key, out _));
    }

    /// <summary>Changes the disk, then memory, one change at a time: both must end with the same image, or the collector would take one that a name needs.</summary>
    private async Task ChangeAsync(Func<SqliteConnection, int> disk, Action memory)
    {
        await _changing.WaitAsync();
        try
        {
            await _database.WriteAsync(disk);
            memory();
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => _changing.Dispose();

    private static AhoyException NameTaken(string name) =>
        new(ErrorCode.NameTaken, $"The base image name \"{name}\" is taken. Choose another, or remove that one with `ahoy base rm {name}`.");

    private readonly record struct Key(ImageKind Kind, string Owner, string Name)
    {
        public string KindText => Kind == ImageKind.Base ? "base" : "application";

        public static Key Of(ImageView image) =>
            image is { Kind: ImageKind.Base, Private: false } ? OfShared(image.Name) : new Key(image.Kind, image.Owner, image.Name);

        /// <summary>No user has the empty name.</summary>
        public static Key OfShared(string name) => new(ImageKind.Base, "", name);
    }
}
