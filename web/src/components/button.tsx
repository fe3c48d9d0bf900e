/** A button, and a link that looks like one. */

import type { ComponentProps, ReactNode } from "react";
import css from "./button.module.css";
import { cx } from "./cx.ts";
import { Icon, type IconName } from "./icon.tsx";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

interface Look {
  look?: ButtonLook;
  size?: "small" | "normal";
  icon?: IconName | undefined;
  /** The picture alone is seen; the words are the button's name. */
  bare?: boolean;
}

export type ButtonProps = Look & ComponentProps<"button">;

export function Button({
  look = "plain",
  size = "normal",
  icon,
  bare = false,
  className,
  children,
  ...rest
}: ButtonProps): ReactNode {
  const title = bare && typeof children === "string" ? children : undefined;
  return (
    <button type="button" title={title} {...rest} className={cx(buttonClass({ look, size, bare }), className)}>
      {icon === undefined ? null : <Icon name={icon} />}
      <span className={bare ? css["unseen"] : css["words"]}>{children}</span>
    </button>
  );
}

/** For links that look like buttons. */
export function buttonClass({ look = "plain", size = "normal", bare = false }: Look): string {
  return cx(css["button"], css[look], size === "small" && css["small"], bare && css["bare"]);
}
