namespace Ahoy.Images.Layers;

/// <summary>A path in a layer, or in a stack of layers.</summary>
internal sealed class LayerNode
{
    public required LayerEntryType Type { get; init; }

    /// <summary>Of directories; null while there are none.</summary>
    public Dictionary<string, LayerNode>? Children { get; private set; }

    /// <summary>Of a symbolic link.</summary>
    public string Target { get; init; } = "";

    /// <summary>Of a directory: what lower layers have in it is hidden.</summary>
    public bool Opaque { get; set; }

    /// <summary>Of files whose content is of interest to the reader of the layer.</summary>
    public byte[]? Content { get; set; }

    public LayerNode? Child(string name) => Children?.GetValueOrDefault(name);

    /// <summary>What stands at a path below this directory, links not followed; null when nothing does.</summary>
    public LayerNode? Find(string path)
    {
        var node = this;
        foreach (var name in path.Split('/'))
            node = node?.Child(name);
        return node;
    }

    public void Put(string name, LayerNode child) => (Children ??= [])[name] = child;

    /// <summary>Lays a layer's directory over this one, by overlayfs's rules.</summary>
    public void Merge(LayerNode upper)
    {
        if (upper.Opaque)
            Children = null;
        foreach (var (name, node) in upper.Children ?? [])
        {
            if (node.Type == LayerEntryType.Whiteout)
                Children?.Remove(name);
            else if (node.Type == LayerEntryType.Directory && Child(name) is { Type: LayerEntryType.Directory } lower)
                lower.Merge(node);
            else
                Put(name, node.WithoutWhiteouts());
        }
    }

    /// <summary>Whiteouts in a directory that has nothing below it have done their work.</summary>
    private LayerNode WithoutWhiteouts()
    {
        foreach (var (name, child) in Children ?? [])
        {
            if (child.Type == LayerEntryType.Whiteout)
                Children!.Remove(name);
            else
                child.WithoutWhiteouts();
        }

        return this;
    }
}
