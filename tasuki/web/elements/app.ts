// Everything the pages need beyond links and forms. Each element is one file; a page without script still works.
import "htmx.org";
import "./flash_toast";
import "./close_menus";
import "./command_palette";
import "./list_sheet";
import "./quick_add";
import "./late_elements";
import "./page_keys";
import "./unread_bell";
