using Ahoy.Contracts;
using Ahoy.Contracts.Images;
using Ahoy.Master.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ahoy.Master.Images;

/// <summary>The image repository: list, show, register, remove, contents.</summary>
internal static class ImageEndpoints
{
    public static void MapImages(this RouteGroupBuilder group, ImageCatalog catalog, ImageRegister register)
    {
        group.MapGet(Routes.Images, (HttpContext context, string? kind) =>
            TypedResults.Ok(new ImageList { Images = catalog.List(Caller.Of(context).Name, kind is null ? null : Kind(kind)) }));

        group.MapPost(Routes.Images, async (HttpContext context, ImageRegistration registration) =>
            TypedResults.Ok(await register.RegisterAsync(Caller.Of(context).Name, registration, context.RequestAborted)));

        group.MapGet(Routes.Image, (HttpContext context, string kind, string name) =>
            TypedResults.Ok(catalog.Get(Caller.Of(context).Name, Kind(kind), name)));

        group.MapGet(Routes.ImageContents, (HttpContext context, string kind, string name) =>
            TypedResults.Ok(register.Contents(catalog.Get(Caller.Of(context).Name, Kind(kind), name))));

        group.MapDelete(Routes.Image, async (HttpContext context, string kind, string name) =>
        {
            var caller = Caller.Of(context);
            var image = catalog.Get(caller.Name, Kind(kind), name);
            if (image.Owner != caller.Name)
                caller.RequireManager($"remove the image {name}, which {image.Owner} made");
            await catalog.RemoveAsync(image);
            return TypedResults.NoContent();
        });
    }

    private static ImageKind Kind(string text) => text switch
    {
        "base" => ImageKind.Base,
        "application" => ImageKind.Application,
        _ => throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not a kind of image. There are \"base\" and \"application\"."),
    };
}
